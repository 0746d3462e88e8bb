// Walking over UTF-8 text code point by code point.
#pragma once

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace jobexec {

inline constexpr char32_t kReplacementCharacter = 0xFFFD;

struct DecodedUtf8 {
  char32_t code_point;
  size_t bytes;  // how far to go on, at least 1
  bool valid;    // false: not well-formed here; then code_point is U+FFFD and bytes is 1
};

// Decodes the code point that starts at `position`, which must be inside `text`.
DecodedUtf8 DecodeUtf8(absl::string_view text, size_t position);

// `code_point` must not be a surrogate nor above U+10FFFF.
void AppendUtf8(char32_t code_point, std::string& out);

bool IsValidUtf8(absl::string_view text);

// All code points, U+FFFD for each byte that is not well-formed.
std::u32string ToCodePoints(absl::string_view text);

}  // namespace jobexec
