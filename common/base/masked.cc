#include "common/base/masked.h"

#include "absl/strings/str_cat.h"

namespace jobexec {
namespace {

constexpr absl::string_view kBegin = "://";

}  // namespace

std::string MaskUserInformation(absl::string_view text) {
  std::string masked;
  while (true) {
    const size_t scheme = text.find(kBegin);
    if (scheme == absl::string_view::npos) break;
    const size_t begin = scheme + kBegin.size();
    // Up to the next URL of a list.
    const absl::string_view url = text.substr(begin, text.find(kBegin, begin) - begin);
    const size_t at = url.rfind('@');
    absl::StrAppend(&masked, text.substr(0, begin));
    if (at == absl::string_view::npos) {
      text.remove_prefix(begin);
    } else {
      absl::StrAppend(&masked, "***");
      text.remove_prefix(begin + at);
    }
  }
  absl::StrAppend(&masked, text);
  return masked;
}

}  // namespace jobexec
