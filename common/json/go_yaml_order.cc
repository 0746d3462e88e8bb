#include "common/json/go_yaml_order.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "common/base/utf8.h"
#include "re2/re2.h"

namespace jobexec::json {
namespace {

struct Key {
  const std::string* text;
  std::u32string code_points;
};

bool IsInClass(char32_t c, const re2::RE2& character_class) {
  std::string text;
  AppendUtf8(c, text);
  return re2::RE2::FullMatch(text, character_class);
}

bool IsLetter(char32_t c) {
  static const re2::RE2& letter = *new re2::RE2("\\pL");
  return c < 0x80 ? absl::ascii_isalpha(static_cast<unsigned char>(c)) : IsInClass(c, letter);
}

bool IsDigit(char32_t c) {
  static const re2::RE2& digit = *new re2::RE2("\\p{Nd}");
  return c < 0x80 ? absl::ascii_isdigit(static_cast<unsigned char>(c)) : IsInClass(c, digit);
}

// A number other than 0 that both keys share ends just before `position`.
bool FollowsNonZeroDigits(const std::u32string& text, size_t position) {
  while (position > 0 && IsDigit(text[position - 1])) {
    if (text[--position] != '0') return true;
  }
  return false;
}

// Continues `number` with the digits at `position`, which goes on behind them. Wraps around like
// the original's int64.
int64_t ReadDigits(const std::u32string& text, size_t& position, uint64_t number) {
  for (; position < text.size() && IsDigit(text[position]); ++position) {
    number = number * 10 + (uint64_t{text[position]} - '0');
  }
  return static_cast<int64_t>(number);
}

// Compares from the first difference on, where neither key has a letter.
bool NumberLess(const std::u32string& a, const std::u32string& b, size_t position) {
  const bool zero = a[position] == '0' || b[position] == '0';
  const uint64_t prefix = zero && FollowsNonZeroDigits(a, position) ? 1 : 0;
  size_t a_end = position;
  size_t b_end = position;
  const int64_t a_number = ReadDigits(a, a_end, prefix);
  const int64_t b_number = ReadDigits(b, b_end, prefix);
  if (a_number != b_number) return a_number < b_number;
  if (a_end != b_end) return a_end < b_end;
  return a[position] < b[position];
}

bool KeyLess(const Key& left, const Key& right) {
  const std::u32string& a = left.code_points;
  const std::u32string& b = right.code_points;
  const size_t common = std::min(a.size(), b.size());
  size_t position = 0;
  while (position < common && a[position] == b[position]) ++position;
  if (position == common) return a.size() < b.size();
  const bool a_letter = IsLetter(a[position]);
  const bool b_letter = IsLetter(b[position]);
  if (a_letter && b_letter) return a[position] < b[position];
  if (a_letter || b_letter) return b_letter;
  return NumberLess(a, b, position);
}

// The order is not transitive (a1b < a2 < a19 < a1b), which std::sort must not be given; merging
// sorts by any comparison without harm.
std::vector<Key> MergeSorted(std::vector<Key> keys) {
  if (keys.size() < 2) return keys;
  const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
  const auto begin = std::make_move_iterator(keys.begin());
  const auto split = std::make_move_iterator(middle);
  const auto end = std::make_move_iterator(keys.end());
  std::vector<Key> left = MergeSorted(std::vector<Key>(begin, split));
  std::vector<Key> right = MergeSorted(std::vector<Key>(split, end));
  keys.clear();
  auto l = left.begin();
  auto r = right.begin();
  while (l != left.end() && r != right.end()) {
    keys.push_back(KeyLess(*r, *l) ? std::move(*r++) : std::move(*l++));
  }
  keys.insert(keys.end(), std::make_move_iterator(l), std::make_move_iterator(left.end()));
  keys.insert(keys.end(), std::make_move_iterator(r), std::make_move_iterator(right.end()));
  return keys;
}

}  // namespace

std::vector<const std::string*> KeysInYamlOrder(const nlohmann::json& object) {
  std::vector<Key> keys;
  for (const auto& [text, value] : object.get_ref<const nlohmann::json::object_t&>()) {
    keys.push_back({&text, ToCodePoints(text)});
  }
  std::vector<const std::string*> ordered;
  for (const Key& key : MergeSorted(std::move(keys))) ordered.push_back(key.text);
  return ordered;
}

}  // namespace jobexec::json
