#include "common/config/settings_file.h"

#include <map>
#include <optional>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/utf8.h"

namespace jobexec::config {
namespace {

constexpr size_t kMaxNameBytes = 100;
constexpr absl::string_view kByteOrderMark = "\xEF\xBB\xBF";

bool IsBlank(char c) { return c == ' ' || c == '\t'; }

absl::string_view WithoutBlanks(absl::string_view text) {
  while (!text.empty() && IsBlank(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsBlank(text.back())) text.remove_suffix(1);
  return text;
}

bool IsName(absl::string_view text) {
  if (text.empty() || text.size() > kMaxNameBytes || absl::ascii_isdigit(text.front()))
    return false;
  for (const char c : text) {
    if (!absl::ascii_isupper(c) && !absl::ascii_isdigit(c) && c != '_') return false;
  }
  return true;
}

bool HasControlCharacters(absl::string_view line) {
  for (const char c : line) {
    if (absl::ascii_iscntrl(c) && c != '\t') return true;
  }
  return false;
}

absl::Status Fault(absl::string_view message) { return absl::InvalidArgumentError(message); }

// The character that a backslash and `c` stand for in double quotes.
std::optional<char> Unescaped(char c) {
  switch (c) {
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    case '"':
    case '\\':
      return c;
    default:
      return std::nullopt;
  }
}

// What stands in quotes at the beginning of `rest`, which is left behind the closing quote.
absl::StatusOr<std::string> TakeQuoted(absl::string_view& rest) {
  const char quote = rest.front();
  std::string value;
  for (size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == quote) {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (quote == '\'' || rest[i] != '\\') {
      value += rest[i];
      continue;
    }
    const std::optional<char> c = i + 1 < rest.size() ? Unescaped(rest[i + 1]) : std::nullopt;
    if (!c) return Fault("in double quotes \\ is followed by n, r, t, \" or \\");
    value += *c;
    ++i;
  }
  return Fault(absl::StrCat("the closing ", std::string(1, quote), " is missing in this line"));
}

// `text` begins behind the "=".
absl::StatusOr<std::string> ReadValue(absl::string_view text) {
  absl::string_view rest = WithoutBlanks(text);
  if (rest.empty() || (rest.front() != '"' && rest.front() != '\'')) {
    // A # behind a blank begins a comment.
    size_t end = text.find('#');
    while (end != absl::string_view::npos && (end == 0 || !IsBlank(text[end - 1]))) {
      end = text.find('#', end + 1);
    }
    return std::string(WithoutBlanks(text.substr(0, end)));
  }
  auto value = TakeQuoted(rest);
  if (!value.ok()) return value;
  const absl::string_view behind = WithoutBlanks(rest);
  const bool is_comment = absl::StartsWith(behind, "#") && IsBlank(rest.front());
  if (!behind.empty() && !is_comment) {
    return Fault("only a blank and a # comment may follow the closing quote");
  }
  return value;
}

absl::StatusOr<std::pair<std::string, std::string>> ReadLine(absl::string_view line) {
  if (!IsValidUtf8(line)) return Fault("is not UTF-8");
  if (HasControlCharacters(line)) return Fault("has control characters");
  const size_t equals = line.find('=');
  if (equals == absl::string_view::npos) return Fault("expected NAME=value");
  const absl::string_view name = line.substr(0, equals);
  if (!IsName(name)) {
    return Fault(
        "what stands before = is no name of a setting: it has capital letters, digits and _, and "
        "no blanks");
  }
  auto value = ReadValue(line.substr(equals + 1));
  if (!value.ok()) return Fault(absl::StrCat(std::string(name), ": ", value.status().message()));
  return std::make_pair(std::string(name), *std::move(value));
}

bool HasEntry(absl::string_view line) { return !line.empty() && line.front() != '#'; }

}  // namespace

SettingsFile ParseSettingsFile(absl::string_view text) {
  SettingsFile file;
  std::map<std::string, int> lines;
  int number = 0;
  for (absl::string_view raw : absl::StrSplit(absl::StripPrefix(text, kByteOrderMark), '\n')) {
    ++number;
    const absl::string_view line = WithoutBlanks(absl::StripSuffix(raw, "\r"));
    if (!HasEntry(line)) continue;
    auto entry = ReadLine(line);
    if (!entry.ok()) {
      file.faults.push_back({number, std::string(entry.status().message())});
      continue;
    }
    const auto [first, is_new] = lines.emplace(entry->first, number);
    if (is_new) {
      file.entries.push_back({std::move(entry->first), std::move(entry->second), number});
    } else {
      file.faults.push_back(
          {number, absl::StrCat(first->first, " is given in line ", first->second, " already")});
    }
  }
  return file;
}

}  // namespace jobexec::config
