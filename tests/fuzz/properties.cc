#include "tests/fuzz/properties.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/printable.h"

namespace jobexec::fuzz {
namespace {

constexpr absl::string_view kSeparator = "\n=====\n";
constexpr size_t kMaxMessageBytes = 16 * 1024;

}  // namespace

absl::Status Require(bool holds, absl::string_view property) {
  return holds ? absl::OkStatus() : absl::InternalError(property);
}

absl::Status RequireReadable(absl::string_view message) {
  const std::string printable = Printable(message);
  const bool readable =
      !message.empty() && message.size() <= kMaxMessageBytes && message == printable;
  return Require(readable, absl::StrCat("a message is readable: ", printable));
}

std::pair<absl::string_view, absl::string_view> SplitInput(absl::string_view input) {
  const size_t separator = input.find(kSeparator);
  if (separator == absl::string_view::npos) return {input, ""};
  return {input.substr(0, separator), input.substr(separator + kSeparator.size())};
}

}  // namespace jobexec::fuzz
