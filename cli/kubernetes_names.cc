#include "cli/kubernetes_names.h"

#include <re2/re2.h>

#include "absl/strings/match.h"

namespace jobexec::cli {
namespace {

bool Matches(const re2::RE2& expression, absl::string_view text) {
  return re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), expression);
}

}  // namespace

bool IsDnsLabel(absl::string_view text) {
  static const re2::RE2* const kLabel = new re2::RE2("[a-z0-9]([-a-z0-9]*[a-z0-9])?");
  return text.size() <= 63 && Matches(*kLabel, text);
}

bool IsDnsSubdomain(absl::string_view text) {
  static const re2::RE2* const kSubdomain =
      new re2::RE2(R"([a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*)");
  return text.size() <= 253 && Matches(*kSubdomain, text);
}

bool IsVariableName(absl::string_view text) {
  static const re2::RE2* const kVariable = new re2::RE2("[-._a-zA-Z][-._a-zA-Z0-9]*");
  return Matches(*kVariable, text) && text != "." && !absl::StartsWith(text, "..");
}

bool IsImageReference(absl::string_view text) {
  static const re2::RE2* const kImage = new re2::RE2(
      // Host and port.
      R"((?:(?:[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*)"
      R"((?::[0-9]+)?/)?)"
      // Path.
      R"([a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*)"
      // Tag and digest.
      R"((?::[A-Za-z0-9_][-.A-Za-z0-9_]{0,127})?(?:@[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,})?)");
  return Matches(*kImage, text);
}

}  // namespace jobexec::cli
