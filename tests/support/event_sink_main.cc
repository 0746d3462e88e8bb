// jobexec-event-sink: takes CloudEvents on a loopback port and prints each as one line. For
// quickstart.
#include <cstdio>
#include <cstdlib>

#include "absl/strings/numbers.h"
#include "common/base/shutdown_signal.h"
#include "common/json/json.h"
#include "tests/support/event_sink.h"

int main(int argc, char** argv) {
  int port = 0;
  if (argc != 2 || !absl::SimpleAtoi(argv[1], &port)) {
    std::fprintf(stderr, "usage: jobexec-event-sink PORT\n");
    return 2;
  }
  jobexec::BlockShutdownSignals();
  const auto sink =
      jobexec::testing::EventSink::Start("127.0.0.1", port, [](const nlohmann::json& event) {
        std::printf("%s\n", jobexec::json::Dump(event).c_str());
        std::fflush(stdout);
      });
  if (!sink.ok()) {
    std::fprintf(stderr, "jobexec-event-sink: %s\n", sink.status().ToString().c_str());
    return 1;
  }
  jobexec::WaitForShutdownSignal();
  return 0;
}
