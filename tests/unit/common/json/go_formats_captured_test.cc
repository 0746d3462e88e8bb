// Holds the three text forms against what the original service printed.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <optional>

#include "common/json/go_json.h"
#include "common/json/json.h"
#include "common/json/jsonpath.h"
#include "re2/re2.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/json/captured_data.h"

namespace jobexec::json {
namespace {

using ::jobexec::testing::IsOk;

// The event around the captured data, as the service showed it to JSONPath.
nlohmann::json Document(const nlohmann::json& data) {
  return {{"id", "i"},
          {"source", "shipyard-controller"},
          {"time", "2021-05-13T07:46:09.546Z"},
          {"data", data}};
}

// YAML text of the original with its numbers (1e+06, 1.5e-05) printed as in JSON.
std::string WithJsonNumbers(const std::string& yaml) {
  static const re2::RE2 number(R"(([0-9.]+e[-+][0-9]+))");
  std::string out;
  re2::StringPiece rest(yaml);
  std::string found;
  const char* begin = rest.data();
  while (re2::RE2::FindAndConsume(&rest, number, &found)) {
    out.append(begin, rest.data() - found.size() - begin);
    out += ToGoJson(std::stod(found));
    begin = rest.data();
  }
  return out.append(rest.data(), rest.size());
}

// The first line has the data of the event, each other one what a path gave with a certain `as`.
std::vector<nlohmann::json> LoadLines() {
  std::ifstream file(testing::CapturedData() / "jes/captured/env-format-matrix.jsonl");
  std::vector<nlohmann::json> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(nlohmann::json::parse(line));
  return lines;
}

std::string TextAsJson(const std::vector<nlohmann::json>& lines, const std::string& path) {
  for (const nlohmann::json& line : lines) {
    if (GetString(line, "path") == path && GetString(line, "as") == "json") {
      return GetString(line, "value");
    }
  }
  return "";
}

// What the original printed, save for the decided differences: numbers are printed as in JSON;
// without `as` all but strings is as with `as: json`; the time and the source are strings like any
// other, where the original had a time (never quoted in YAML) and a pointer (printed as an
// address).
std::string Expected(const std::vector<nlohmann::json>& lines, const nlohmann::json& row,
                     const nlohmann::json& value) {
  const std::string as = GetString(row, "as");
  const std::string path = GetString(row, "path");
  std::string text = GetString(row, "value");
  if (as == "json") return text;
  if (as == "yaml") return path == "$.time" ? ToGoYaml(value) : WithJsonNumbers(text);
  if (!value.is_string()) return TextAsJson(lines, path);
  return path == "$.time" || path == "$.source" ? value.get<std::string>() : text;
}

std::string Format(const std::string& as, const nlohmann::json& value) {
  if (as == "json") return ToGoJson(value);
  return as == "yaml" ? ToGoYaml(value) : ToText(value);
}

// The value of a singular query, the list of any other; nothing if a singular query has no result.
std::optional<nlohmann::json> Evaluate(const nlohmann::json& document, const std::string& path) {
  const auto compiled = JsonPath::Compile(path);
  EXPECT_THAT(compiled, IsOk());
  const auto selected = compiled->Select(document);
  EXPECT_THAT(selected, IsOk());
  if (compiled->IsSingular()) {
    return selected->empty() ? std::nullopt : std::optional(*selected->front());
  }
  nlohmann::json list = nlohmann::json::array();
  for (const nlohmann::json* const value : *selected) list.push_back(*value);
  return list;
}

TEST(GoFormats, EqualWhatTheOriginalPrinted) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const std::vector<nlohmann::json> lines = LoadLines();
  ASSERT_EQ(lines.size(), 103u);
  const nlohmann::json document = Document(lines.front().at("document_data"));

  for (size_t i = 1; i < lines.size(); ++i) {
    const nlohmann::json& row = lines[i];
    SCOPED_TRACE(row);
    const std::optional<nlohmann::json> value = Evaluate(document, GetString(row, "path"));
    EXPECT_EQ(value.has_value(), !row.contains("error"));
    if (value && row.contains("value")) {
      EXPECT_EQ(Format(GetString(row, "as"), *value), Expected(lines, row, *value));
    }
  }
}

}  // namespace
}  // namespace jobexec::json
