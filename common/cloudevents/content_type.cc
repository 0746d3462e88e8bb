#include "common/cloudevents/content_type.h"

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace jobexec::cloudevents {
namespace {

// Value of the charset parameter in lower case; empty if there is none.
std::string Charset(absl::string_view content_type) {
  for (absl::string_view parameter : absl::StrSplit(content_type, ';')) {
    parameter = absl::StripAsciiWhitespace(parameter);
    if (!absl::StartsWithIgnoreCase(parameter, "charset=")) continue;
    parameter.remove_prefix(sizeof("charset=") - 1);
    absl::ConsumePrefix(&parameter, "\"");
    absl::ConsumeSuffix(&parameter, "\"");
    return absl::AsciiStrToLower(parameter);
  }
  return "";
}

}  // namespace

std::string MediaType(absl::string_view content_type) {
  const absl::string_view essence = content_type.substr(0, content_type.find(';'));
  return absl::AsciiStrToLower(absl::StripAsciiWhitespace(essence));
}

bool IsJsonType(absl::string_view content_type) {
  const std::string type = MediaType(content_type);
  return absl::EndsWith(type, "/json") || absl::EndsWith(type, "+json");
}

bool IsUtf8TextType(absl::string_view content_type) {
  if (!absl::StartsWith(MediaType(content_type), "text/")) return false;
  const std::string charset = Charset(content_type);
  return charset.empty() || charset == "utf-8" || charset == "us-ascii";
}

}  // namespace jobexec::cloudevents
