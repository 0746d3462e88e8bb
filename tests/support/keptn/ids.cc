#include "tests/support/keptn/ids.h"

#include <openssl/evp.h>

#include <cstdlib>

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/hash.h"

namespace jobexec::test_keptn {
namespace {

// The bits that make 16 bytes a UUID of version 4.
std::string ToUuid(std::string bytes) {
  bytes[6] = static_cast<char>((bytes[6] & 0x0F) | 0x40);
  bytes[8] = static_cast<char>((bytes[8] & 0x3F) | 0x80);
  const std::string hex = absl::BytesToHexString(bytes);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

}  // namespace

std::string Sha1Hex(absl::string_view data) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  if (EVP_Digest(data.data(), data.size(), digest, &size, EVP_sha1(), nullptr) != 1) abort();
  return absl::BytesToHexString(absl::string_view(reinterpret_cast<const char*>(digest), size));
}

std::string RandomUuid() { return ToUuid(RandomBytes(16)); }

std::string UuidFromSeed(absl::string_view seed) {
  std::string bytes(seed.substr(0, 16));
  bytes.resize(16, ' ');
  return ToUuid(bytes);
}

bool IsUuid(absl::string_view text) {
  if (text.size() != 36 && text.size() != 32) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool is_dash = text.size() == 36 && (i == 8 || i == 13 || i == 18 || i == 23);
    if (is_dash ? text[i] != '-' : !absl::ascii_isxdigit(static_cast<unsigned char>(text[i]))) {
      return false;
    }
  }
  return true;
}

std::string FormatTimestamp(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

}  // namespace jobexec::test_keptn
