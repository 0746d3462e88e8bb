// Walks over the text of a JSONPath expression and reads its smallest parts.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::json::path {

// All errors are INVALID_ARGUMENT with the column where they were found.
class Cursor {
 public:
  // `text` must be UTF-8 and outlive the cursor.
  explicit Cursor(absl::string_view text) : text_(text) {}

  bool AtEnd() const { return position_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[position_]; }
  size_t position() const { return position_; }
  void GoBackTo(size_t position) { position_ = position; }

  bool Consume(absl::string_view token);
  absl::Status Expect(absl::string_view token);
  void SkipBlanks();

  bool AtName() const;
  bool AtInteger() const;
  bool AtString() const { return Peek() == '"' || Peek() == '\''; }

  // Member name of the short form `.name`.
  absl::StatusOr<std::string> ReadName();
  // Within +-(2^53 - 1).
  absl::StatusOr<int64_t> ReadInteger();
  absl::StatusOr<nlohmann::json> ReadNumber();
  // In quotes of either kind, escapes resolved.
  absl::StatusOr<std::string> ReadString();
  // Lower-case word: a function, true, false or null. May be empty.
  std::string ReadWord();

  // The character at the cursor is not `expected`.
  absl::Status Unexpected(absl::string_view expected) const;
  absl::Status ErrorAt(size_t position, absl::string_view problem) const;

 private:
  absl::Status ReadEscape(char quote, std::string& out);
  absl::StatusOr<char32_t> ReadUnicodeEscape();
  absl::StatusOr<char32_t> ReadHexDigits();
  bool SkipDigits();

  const absl::string_view text_;
  size_t position_ = 0;
};

}  // namespace jobexec::json::path
