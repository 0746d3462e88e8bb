#include "common/http/url.h"

#include "absl/strings/ascii.h"

namespace jobexec::http {

std::string Escape(absl::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string escaped;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (absl::ascii_isalnum(byte) || c == '-' || c == '.' || c == '_' || c == '~') {
      escaped += c;
    } else {
      escaped += {'%', kHex[byte / 16], kHex[byte % 16]};
    }
  }
  return escaped;
}

}  // namespace jobexec::http
