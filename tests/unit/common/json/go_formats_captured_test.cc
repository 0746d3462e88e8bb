// Holds the three text forms against what the original service printed.
#include <gtest/gtest.h>

#include <fstream>
#include <map>
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

struct Row {
  std::string as;
  std::string path;
  std::string text;
  bool is_error;
};

struct Capture {
  nlohmann::json document;
  std::vector<Row> rows;
  std::map<std::string, std::string> json_text;  // of each path, with `as: json`
};

Capture LoadCapture() {
  std::ifstream file(testing::CapturedData() / "jes/captured/env-format-matrix.jsonl");
  Capture capture;
  for (std::string line; std::getline(file, line);) {
    const nlohmann::json row = nlohmann::json::parse(line);
    if (row.contains("document_data")) {
      capture.document = Document(row.at("document_data"));
      continue;
    }
    const Row& added = capture.rows.emplace_back(
        Row{row.at("as"), row.at("path"), row.value("value", ""), row.contains("error")});
    if (added.as == "json") capture.json_text[added.path] = added.text;
  }
  return capture;
}

// What the original printed, save for the decided differences: numbers are printed as in JSON;
// without `as` all but strings is as with `as: json`; the time and the source are strings like any
// other, where the original had a time (never quoted in YAML) and a pointer (printed as an
// address).
std::string Expected(const Capture& capture, const Row& row, const nlohmann::json& value) {
  if (row.as == "json") return row.text;
  if (row.as == "yaml") {
    return row.path == "$.time" ? ToGoYaml(value) : WithJsonNumbers(row.text);
  }
  if (!value.is_string()) return capture.json_text.at(row.path);
  return row.path == "$.time" || row.path == "$.source" ? value.get<std::string>() : row.text;
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
  const Capture capture = LoadCapture();
  ASSERT_EQ(capture.rows.size(), 102u);

  for (const Row& row : capture.rows) {
    SCOPED_TRACE(row.path + " as " + row.as);
    const std::optional<nlohmann::json> value = Evaluate(capture.document, row.path);
    EXPECT_EQ(value.has_value(), !row.is_error);
    if (value && !row.is_error) {
      EXPECT_EQ(Format(row.as, *value), Expected(capture, row, *value));
    }
  }
}

}  // namespace
}  // namespace jobexec::json
