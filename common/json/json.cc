#include "common/json/json.h"

#include <limits>
#include <nlohmann/json.hpp>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace jobexec::json {
namespace {

// Upper bound of the nesting that the parser would reach: exact for every text that parses.
bool IsDeeperThan(absl::string_view text, size_t max_depth) {
  size_t depth = 0;
  bool in_string = false;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
    } else if (c == '"') {
      in_string = true;
    } else if (c == '[' || c == '{') {
      if (++depth > max_depth) return true;
    } else if ((c == ']' || c == '}') && depth > 0) {
      --depth;
    }
  }
  return false;
}

// The library's text ("[id] parse error at line 1, column 2: why; last read: 'input'; ...") without
// its exception id and without the piece of the input.
std::string Explain(absl::string_view what, size_t position) {
  const size_t place = what.find("line ");
  if (place == absl::string_view::npos) {  // the one error without a place: a number overflow
    return absl::StrCat("not JSON, byte ", position, ": the number is out of range");
  }
  what.remove_prefix(place);
  return absl::StrCat("not JSON, ", what.substr(0, what.find("; last read: ")));
}

// Reads the text again just to learn where and why it is no JSON: the way that needs no exception.
class ErrorFinder final : public nlohmann::json_sax<nlohmann::json> {
 public:
  bool null() override { return true; }
  bool boolean(bool) override { return true; }
  bool number_integer(number_integer_t) override { return true; }
  bool number_unsigned(number_unsigned_t) override { return true; }
  bool number_float(number_float_t, const string_t&) override { return true; }
  bool string(string_t&) override { return true; }
  bool binary(binary_t&) override { return true; }
  bool start_object(size_t) override { return true; }
  bool key(string_t&) override { return true; }
  bool end_object() override { return true; }
  bool start_array(size_t) override { return true; }
  bool end_array() override { return true; }
  bool parse_error(size_t position, const std::string&,
                   const nlohmann::json::exception& error) override {
    explanation_ = Explain(error.what(), position);
    return false;
  }

  const std::string& explanation() const { return explanation_; }

 private:
  std::string explanation_;
};

absl::Status SyntaxError(absl::string_view text) {
  ErrorFinder finder;
  nlohmann::json::sax_parse(text.begin(), text.end(), &finder);
  return absl::InvalidArgumentError(finder.explanation());
}

}  // namespace

absl::StatusOr<nlohmann::json> Parse(absl::string_view text, const ParseLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat("JSON of ", text.size(),
                                                     " bytes is larger than the limit of ",
                                                     limits.max_bytes, " bytes"));
  }
  if (IsDeeperThan(text, limits.max_depth)) {
    return absl::ResourceExhaustedError(
        absl::StrCat("JSON is nested deeper than the limit of ", limits.max_depth, " levels"));
  }
  const size_t nul = text.find('\0');  // which the library would take for the end
  if (nul != absl::string_view::npos) {
    return absl::InvalidArgumentError(absl::StrCat("not JSON, byte ", nul + 1, ": NUL character"));
  }
  auto value = nlohmann::json::parse(text.begin(), text.end(), nullptr, false);
  if (value.is_discarded()) return SyntaxError(text);
  return value;
}

std::string Dump(const nlohmann::json& value) {
  return value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

const nlohmann::json* Find(const nlohmann::json& object, absl::string_view key) {
  const auto* const members = object.get_ptr<const nlohmann::json::object_t*>();
  if (members == nullptr) return nullptr;
  const auto member = members->find(key);
  return member == members->end() ? nullptr : &member->second;
}

const nlohmann::json* FindPath(const nlohmann::json& object,
                               std::initializer_list<absl::string_view> keys) {
  const nlohmann::json* value = &object;
  for (const absl::string_view key : keys) {
    value = Find(*value, key);
    if (value == nullptr) return nullptr;
  }
  return value;
}

std::string GetString(const nlohmann::json& object, absl::string_view key) {
  const nlohmann::json* const value = Find(object, key);
  if (value == nullptr || !value->is_string()) return "";
  return value->get_ref<const std::string&>();
}

int64_t GetInt(const nlohmann::json& object, absl::string_view key, int64_t fallback) {
  const nlohmann::json* const value = Find(object, key);
  if (value == nullptr || !value->is_number_integer()) return fallback;
  if (value->is_number_unsigned() &&
      value->get<uint64_t>() > uint64_t{std::numeric_limits<int64_t>::max()}) {
    return fallback;
  }
  return value->get<int64_t>();
}

bool GetBool(const nlohmann::json& object, absl::string_view key, bool fallback) {
  const nlohmann::json* const value = Find(object, key);
  if (value == nullptr || !value->is_boolean()) return fallback;
  return value->get<bool>();
}

}  // namespace jobexec::json
