#include "common/base/hash.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <array>
#include <cstdlib>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace jobexec {
namespace {

// Namespace UUID of every UUIDv5 made here: made once at random, part of the contract since.
constexpr char kUuidNamespace[] =
    "\x5b\x1f\x0e\x8a\x3c\x57\x4d\x7e\x9a\x61\x2d\x44\xf0\xc9\x17\x6b";

std::string Digest(const EVP_MD* algorithm, absl::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  // Fails only without memory.
  if (EVP_Digest(data.data(), data.size(), digest.data(), &size, algorithm, nullptr) != 1) abort();
  return std::string(digest.begin(), digest.begin() + size);
}

}  // namespace

std::string Sha256Hex(absl::string_view data) {
  return absl::BytesToHexString(Digest(EVP_sha256(), data));
}

std::string Sha3_224Hex(absl::string_view data) {
  return absl::BytesToHexString(Digest(EVP_sha3_224(), data));
}

std::string HmacSha256(absl::string_view key, absl::string_view data) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  const std::string bytes(data);
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
       reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(), mac.data(), &size);
  return std::string(mac.begin(), mac.begin() + size);
}

bool ConstantTimeEquals(absl::string_view a, absl::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string LengthPrefixed(const std::vector<absl::string_view>& parts) {
  std::string text;
  for (absl::string_view part : parts) absl::StrAppend(&text, part.size(), ":", part);
  return text;
}

std::string UuidV5(absl::string_view name) {
  std::string hash =
      Digest(EVP_sha1(),
             absl::StrCat(absl::string_view(kUuidNamespace, sizeof(kUuidNamespace) - 1), name));
  hash.resize(16);
  hash[6] = static_cast<char>((hash[6] & 0x0f) | 0x50);
  hash[8] = static_cast<char>((hash[8] & 0x3f) | 0x80);
  const std::string hex = absl::BytesToHexString(hash);
  return absl::StrCat(hex.substr(0, 8), "-", hex.substr(8, 4), "-", hex.substr(12, 4), "-",
                      hex.substr(16, 4), "-", hex.substr(20));
}

std::string RandomBytes(int size) {
  std::string bytes(size, '\0');
  // Fails only if the kernel's generator is broken: nothing safe can be done then.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), size) != 1) abort();
  return bytes;
}

}  // namespace jobexec
