#include "common/base/utf8.h"

namespace jobexec {
namespace {

constexpr DecodedUtf8 kInvalid{kReplacementCharacter, 1, false};
constexpr char32_t kSmallestOfLength[] = {0, 0, 0x80, 0x800, 0x10000};

// Number of bytes that a lead byte announces; 0 if it cannot lead.
size_t SequenceLength(unsigned char lead) {
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  if (lead < 0xE0) return 2;
  return lead < 0xF0 ? 3 : 4;
}

bool IsScalarValue(char32_t code_point, size_t length) {
  const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
  return code_point >= kSmallestOfLength[length] && !surrogate && code_point <= 0x10FFFF;
}

}  // namespace

DecodedUtf8 DecodeUtf8(absl::string_view text, size_t position) {
  const auto lead = static_cast<unsigned char>(text[position]);
  const size_t length = SequenceLength(lead);
  if (length == 1) return {lead, 1, true};
  if (length == 0 || text.size() - position < length) return kInvalid;
  char32_t code_point = lead & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    const auto byte = static_cast<unsigned char>(text[position + i]);
    if ((byte & 0xC0) != 0x80) return kInvalid;
    code_point = (code_point << 6) | (byte & 0x3Fu);
  }
  if (!IsScalarValue(code_point, length)) return kInvalid;
  return {code_point, length, true};
}

void AppendUtf8(char32_t code_point, std::string& out) {
  const auto append = [&out](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  const auto continuation = [&](int shift) { append(0x80 | ((code_point >> shift) & 0x3F)); };
  if (code_point < 0x80) {
    append(code_point);
  } else if (code_point < 0x800) {
    append(0xC0 | (code_point >> 6));
    continuation(0);
  } else if (code_point < 0x10000) {
    append(0xE0 | (code_point >> 12));
    continuation(6);
    continuation(0);
  } else {
    append(0xF0 | (code_point >> 18));
    continuation(12);
    continuation(6);
    continuation(0);
  }
}

bool IsValidUtf8(absl::string_view text) {
  for (size_t position = 0; position < text.size();) {
    const DecodedUtf8 decoded = DecodeUtf8(text, position);
    if (!decoded.valid) return false;
    position += decoded.bytes;
  }
  return true;
}

std::u32string ToCodePoints(absl::string_view text) {
  std::u32string code_points;
  for (size_t position = 0; position < text.size();) {
    const DecodedUtf8 decoded = DecodeUtf8(text, position);
    code_points.push_back(decoded.code_point);
    position += decoded.bytes;
  }
  return code_points;
}

}  // namespace jobexec
