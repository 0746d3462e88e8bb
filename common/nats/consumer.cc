#include "common/nats/consumer.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/hash.h"

namespace jobexec::nats {

std::string DurableName(absl::string_view text) {
  std::string name;
  bool changed = text.empty();
  for (const char c : text) {
    const bool allowed = absl::ascii_isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_';
    name += allowed ? c : '_';
    changed |= !allowed;
  }
  return changed ? absl::StrCat(name, "-", Sha256Hex(text).substr(0, 8)) : name;
}

}  // namespace jobexec::nats
