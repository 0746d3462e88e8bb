// libFuzzer's entry to the target whose name is JOBEXEC_FUZZ_TARGET (CMakeLists.txt).
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/targets.h"

namespace {

const jobexec::fuzz::Target& ThisTarget() {
  for (const jobexec::fuzz::Target& target : jobexec::fuzz::kTargets) {
    if (target.name == JOBEXEC_FUZZ_TARGET) return target;
  }
  std::fputs("no target of the name " JOBEXEC_FUZZ_TARGET "\n", stderr);
  std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const jobexec::fuzz::Target& target = ThisTarget();
  const absl::Status status = target.run({reinterpret_cast<const char*>(data), size});
  if (status.ok()) return 0;
  std::fprintf(stderr, "does not hold: %s\n", status.ToString().c_str());
  std::abort();
}
