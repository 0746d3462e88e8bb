#include "common/json/go_json.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "common/base/utf8.h"
#include "common/json/go_number.h"

namespace jobexec::json {
namespace {

bool NeedsUnicodeEscape(char32_t c) {
  return c < 0x20 || c == '<' || c == '>' || c == '&' || c == 0x2028 || c == 0x2029;
}

void AppendEscaped(char32_t c, std::string& out) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      break;
  }
  if (NeedsUnicodeEscape(c)) {
    absl::StrAppend(&out, "\\u", absl::Hex(static_cast<uint32_t>(c), absl::kZeroPad4));
  } else {
    AppendUtf8(c, out);
  }
}

void AppendString(absl::string_view text, std::string& out) {
  out += '"';
  for (size_t position = 0; position < text.size();) {
    const DecodedUtf8 decoded = DecodeUtf8(text, position);
    AppendEscaped(decoded.code_point, out);
    position += decoded.bytes;
  }
  out += '"';
}

void AppendValue(const nlohmann::json& value, std::string& out);

void AppendList(const nlohmann::json& list, std::string& out) {
  const char* separator = "[";
  for (const nlohmann::json& item : list) {
    out += separator;
    AppendValue(item, out);
    separator = ",";
  }
  out += list.empty() ? "[]" : "]";
}

void AppendObject(const nlohmann::json& object, std::string& out) {
  const char* separator = "{";
  for (const auto& [key, value] : object.items()) {
    out += separator;
    AppendString(key, out);
    out += ':';
    AppendValue(value, out);
    separator = ",";
  }
  out += object.empty() ? "{}" : "}";
}

void AppendValue(const nlohmann::json& value, std::string& out) {
  if (value.is_object()) {
    AppendObject(value, out);
  } else if (value.is_array()) {
    AppendList(value, out);
  } else if (value.is_string()) {
    AppendString(value.get_ref<const std::string&>(), out);
  } else if (value.is_number()) {
    out += GoNumber(value);
  } else if (value.is_boolean()) {
    out += value.get<bool>() ? "true" : "false";
  } else {
    out += "null";
  }
}

}  // namespace

std::string ToGoJson(const nlohmann::json& value) {
  std::string out;
  AppendValue(value, out);
  return out;
}

std::string ToText(const nlohmann::json& value) {
  return value.is_string() ? value.get<std::string>() : ToGoJson(value);
}

}  // namespace jobexec::json
