#include "reporter/log_text.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"

namespace jobexec::reporter {
namespace {

// Room for the note between head and tail.
constexpr size_t kNoteSize = 64;

size_t JsonSizeOf(const DecodedUtf8& character) {
  if (!character.valid) return 3;  // U+FFFD
  const char32_t c = character.code_point;
  if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t' || c == '\b' || c == '\f')
    return 2;
  return c < 0x20 ? 6 : character.bytes;
}

// Bytes of `text` from its start that fit into `budget`.
size_t HeadBytes(absl::string_view text, size_t budget) {
  size_t position = 0;
  size_t used = 0;
  while (position < text.size()) {
    const DecodedUtf8 character = DecodeUtf8(text, position);
    used += JsonSizeOf(character);
    if (used > budget) break;
    position += character.bytes;
  }
  return position;
}

// Where the tail begins that fits into `budget`: what comes before it is at least `total - budget`.
size_t TailStart(absl::string_view text, size_t total, size_t budget) {
  size_t position = 0;
  size_t passed = 0;
  while (position < text.size() && total - passed > budget) {
    const DecodedUtf8 character = DecodeUtf8(text, position);
    passed += JsonSizeOf(character);
    position += character.bytes;
  }
  return position;
}

std::string MakeValid(absl::string_view text) {
  if (IsValidUtf8(text)) return std::string(text);
  std::string valid;
  for (char32_t c : ToCodePoints(text)) AppendUtf8(c, valid);
  return valid;
}

}  // namespace

size_t JsonSize(absl::string_view text) {
  size_t size = 0;
  for (size_t position = 0; position < text.size();) {
    const DecodedUtf8 character = DecodeUtf8(text, position);
    size += JsonSizeOf(character);
    position += character.bytes;
  }
  return size;
}

std::string KeepHeadAndTail(absl::string_view text, size_t limit) {
  const size_t total = JsonSize(text);
  if (total <= limit) return MakeValid(text);
  const size_t half = (limit - std::min(limit, kNoteSize)) / 2;
  const size_t head = HeadBytes(text, half);
  const size_t tail = TailStart(text, total, half);
  return absl::StrCat(MakeValid(text.substr(0, head)), "\n[... ", tail - head, " bytes cut ...]\n",
                      MakeValid(text.substr(tail)));
}

}  // namespace jobexec::reporter
