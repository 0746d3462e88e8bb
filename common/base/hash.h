// Digests, message authentication and name-based UUIDs. All functions are pure and thread-safe; the
// implementation is OpenSSL's.
#pragma once

#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace jobexec {

// Lower-case hex of the digest. SHA-256: 64 digits; SHA3-224 (the original's config hash): 56.
std::string Sha256Hex(absl::string_view data);
std::string Sha3_224Hex(absl::string_view data);  // NOLINT(readability-identifier-naming)

// HMAC-SHA-256 (RFC 2104), 32 raw bytes.
std::string HmacSha256(absl::string_view key, absl::string_view data);

// Compares in a time that depends on the lengths only.
bool ConstantTimeEquals(absl::string_view a, absl::string_view b);

// "<len>:<part>" for each part, decimal byte lengths: no two lists of parts give the same text.
std::string LengthPrefixed(const std::vector<absl::string_view>& parts);

// UUID version 5 (RFC 9562, SHA-1) of `name` in jobexec's own namespace, 36 characters.
std::string UuidV5(absl::string_view name);

// `size` cryptographically random bytes.
std::string RandomBytes(int size);

}  // namespace jobexec
