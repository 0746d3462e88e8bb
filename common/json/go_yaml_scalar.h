// How yaml.v2 decides in which style it writes a string.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::json {

enum class YamlStyle { kPlain, kSingleQuoted, kDoubleQuoted, kLiteral };

// `code_points` are those of `text`. A key on the line of its value must have no line breaks.
YamlStyle ChooseYamlStyle(absl::string_view text, const std::u32string& code_points);

// The text without quotes would be read as null, boolean, number or time.
bool IsAmbiguousYaml(absl::string_view text);

bool IsYamlBreak(char32_t c);

// May be written as it is between double quotes.
bool IsYamlPrintable(char32_t c);

}  // namespace jobexec::json
