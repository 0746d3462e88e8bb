#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/utf8.h"
#include "common/json/go_json.h"
#include "common/json/go_yaml_order.h"
#include "common/json/go_yaml_scalar.h"

namespace jobexec::json {
namespace {

constexpr int kIndent = 2;
constexpr int kBestWidth = 80;              // a blank beyond it becomes a line break
constexpr size_t kMaxSimpleKeyBytes = 128;  // longer keys are written as "? key"

// The letter that stands for `c` behind a backslash; 0 if there is none.
char EscapeLetter(char32_t c) {
  switch (c) {
    case 0x00:
      return '0';
    case 0x07:
      return 'a';
    case 0x08:
      return 'b';
    case 0x09:
      return 't';
    case 0x0A:
      return 'n';
    case 0x0B:
      return 'v';
    case 0x0C:
      return 'f';
    case 0x0D:
      return 'r';
    case 0x1B:
      return 'e';
    case 0x22:
      return '"';
    case 0x5C:
      return '\\';
    case 0x85:
      return 'N';
    case 0x2028:
      return 'L';
    case 0x2029:
      return 'P';
    default:
      return 0;
  }
}

// xFF, uFFFF or U0010FFFF.
std::string EscapeCode(char32_t c) {
  const auto hex = [c](absl::PadSpec digits) {
    return absl::AsciiStrToUpper(absl::StrCat(absl::Hex(static_cast<uint32_t>(c), digits)));
  };
  if (c <= 0xFF) return "x" + hex(absl::kZeroPad2);
  if (c <= 0xFFFF) return "u" + hex(absl::kZeroPad4);
  return "U" + hex(absl::kZeroPad8);
}

// "|", then "2" if the first line begins blank, then how the breaks at the end are kept.
std::string LiteralHeader(const std::u32string& text) {
  std::string header = "|";
  if (text.front() == ' ' || IsYamlBreak(text.front())) header += std::to_string(kIndent);
  if (!IsYamlBreak(text.back())) return header + "-";
  const bool more_breaks = text.size() == 1 || IsYamlBreak(text[text.size() - 2]);
  return more_breaks ? header + "+" : header;
}

// Writes one document. The members say where in the text it is, which decides over blanks, breaks
// and indentation just as in yaml.v2's emitter.
class YamlWriter {
 public:
  std::string Write(const nlohmann::json& value) {
    WriteNode(value, /*in_mapping=*/false);
    StartLine();
    return std::move(out_);
  }

 private:
  void WriteNode(const nlohmann::json& value, bool in_mapping);
  void WriteList(const nlohmann::json& list, bool in_mapping);
  void WriteMapping(const nlohmann::json& object);
  void WriteKey(const std::string& key);
  void WriteString(absl::string_view text, bool simple_key);
  void WritePlain(const std::u32string& text, bool fold);
  void WriteSingleQuoted(const std::u32string& text, bool fold);
  void WriteDoubleQuoted(const std::u32string& text, bool fold);
  void WriteLiteral(const std::u32string& text);

  void Indicator(absl::string_view mark, bool space_before, bool keeps_indention);
  void Indent(bool scalar);
  void StartLine();
  void Break();
  void Put(char32_t c);
  void PutAscii(absl::string_view text);

  std::string out_;
  int column_ = 0;
  int indent_ = -1;
  bool after_space_ = true;   // no blank is needed before the next token
  bool in_indention_ = true;  // only indentation and indicators on this line so far
};

void YamlWriter::WriteNode(const nlohmann::json& value, bool in_mapping) {
  if (value.is_object() && !value.empty()) return WriteMapping(value);
  if (value.is_array() && !value.empty()) return WriteList(value, in_mapping);
  if (value.is_string()) return WriteString(value.get_ref<const std::string&>(), false);
  // Empty lists and objects, null, booleans and numbers look as in JSON.
  Indicator(ToGoJson(value), true, false);
}

void YamlWriter::WriteList(const nlohmann::json& list, bool in_mapping) {
  const int outer = indent_;
  if (!in_mapping || in_indention_) Indent(false);
  for (const nlohmann::json& item : list) {
    StartLine();
    Indicator("-", true, true);
    WriteNode(item, false);
  }
  indent_ = outer;
}

void YamlWriter::WriteMapping(const nlohmann::json& object) {
  const int outer = indent_;
  Indent(false);
  for (const std::string* const key : KeysInYamlOrder(object)) {
    StartLine();
    WriteKey(*key);
    WriteNode(object.find(*key).value(), true);
  }
  indent_ = outer;
}

void YamlWriter::WriteKey(const std::string& key) {
  const bool breaks = std::ranges::any_of(ToCodePoints(key), IsYamlBreak);
  if (!breaks && key.size() <= kMaxSimpleKeyBytes) {
    WriteString(key, true);
    Indicator(":", false, false);
    return;
  }
  Indicator("?", true, true);
  WriteString(key, false);
  StartLine();
  Indicator(":", true, true);
}

void YamlWriter::WriteString(absl::string_view text, bool simple_key) {
  const std::u32string code_points = ToCodePoints(text);
  const int outer = indent_;
  Indent(true);
  switch (ChooseYamlStyle(text, code_points)) {
    case YamlStyle::kPlain:
      WritePlain(code_points, !simple_key);
      break;
    case YamlStyle::kSingleQuoted:
      WriteSingleQuoted(code_points, !simple_key);
      break;
    case YamlStyle::kDoubleQuoted:
      WriteDoubleQuoted(code_points, !simple_key);
      break;
    case YamlStyle::kLiteral:
      WriteLiteral(code_points);
      break;
  }
  indent_ = outer;
}

// A plain string has no breaks, and no blank at its ends.
void YamlWriter::WritePlain(const std::u32string& text, bool fold) {
  if (!after_space_) Put(' ');
  bool after_blank = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool blank = text[i] == ' ';
    if (blank && fold && !after_blank && column_ > kBestWidth && text[i + 1] != ' ') {
      StartLine();
    } else {
      Put(text[i]);
    }
    in_indention_ = in_indention_ && blank;
    after_blank = blank;
  }
  after_space_ = false;
  in_indention_ = false;
}

// Breaks are only U+2028 and U+2029 here: with a newline the string would be literal.
void YamlWriter::WriteSingleQuoted(const std::u32string& text, bool fold) {
  Indicator("'", true, false);
  bool after_blank = false;
  bool after_break = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    const bool blank = text[i] == ' ';
    if (blank) {
      const bool may_fold = fold && !after_blank && i > 0 && !last && text[i + 1] != ' ';
      if (may_fold && column_ > kBestWidth) {
        StartLine();
      } else {
        Put(' ');
      }
    } else if (IsYamlBreak(text[i])) {
      Put(text[i]);
      column_ = 0;
      in_indention_ = true;
      after_break = true;
    } else {
      if (after_break) StartLine();
      if (text[i] == '\'') Put('\'');
      Put(text[i]);
      in_indention_ = false;
      after_break = false;
    }
    after_blank = blank;
  }
  Indicator("'", false, false);
}

void YamlWriter::WriteDoubleQuoted(const std::u32string& text, bool fold) {
  Indicator("\"", true, false);
  bool after_blank = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool last = i + 1 == text.size();
    const bool blank = text[i] == ' ';
    const char letter = EscapeLetter(text[i]);
    if (letter != 0) {
      Put('\\');
      Put(letter);
    } else if (!IsYamlPrintable(text[i])) {
      Put('\\');
      PutAscii(EscapeCode(text[i]));
    } else if (blank && fold && !after_blank && column_ > kBestWidth && i > 0 && !last) {
      StartLine();
      if (text[i + 1] == ' ') Put('\\');
    } else {
      Put(text[i]);
    }
    after_blank = blank;
  }
  Indicator("\"", false, false);
}

void YamlWriter::WriteLiteral(const std::u32string& text) {
  Indicator(LiteralHeader(text), true, false);
  Break();
  in_indention_ = true;
  after_space_ = true;
  bool after_break = true;
  for (const char32_t c : text) {
    const bool line_break = IsYamlBreak(c);
    if (!line_break && after_break) StartLine();
    if (c == '\n') {
      Break();
    } else {
      Put(c);
    }
    if (line_break) column_ = 0;
    in_indention_ = line_break;
    after_break = line_break;
  }
}

// Marks and words that stand as they are. `keeps_indention`: what follows may start on this line as
// if the mark were indentation ("- - x").
void YamlWriter::Indicator(absl::string_view mark, bool space_before, bool keeps_indention) {
  if (space_before && !after_space_) Put(' ');
  PutAscii(mark);
  after_space_ = false;
  in_indention_ = in_indention_ && keeps_indention;
}

void YamlWriter::Indent(bool scalar) {
  if (indent_ >= 0) {
    indent_ += kIndent;
  } else {
    indent_ = scalar ? kIndent : 0;
  }
}

// Goes to the indentation of the present level, on a new line unless this one has nothing else.
void YamlWriter::StartLine() {
  const int indent = std::max(indent_, 0);
  if (!in_indention_ || column_ > indent || (column_ == indent && !after_space_)) Break();
  while (column_ < indent) Put(' ');
  after_space_ = true;
  in_indention_ = true;
}

void YamlWriter::Break() {
  out_ += '\n';
  column_ = 0;
}

void YamlWriter::Put(char32_t c) {
  AppendUtf8(c, out_);
  ++column_;
}

void YamlWriter::PutAscii(absl::string_view text) {
  out_.append(text.data(), text.size());
  column_ += static_cast<int>(text.size());
}

}  // namespace

std::string ToGoYaml(const nlohmann::json& value) { return YamlWriter().Write(value); }

}  // namespace jobexec::json
