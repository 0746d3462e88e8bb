// Runs the JSONPath Compliance Test Suite (jsonpath-standard, BSD-2).
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "common/json/jsonpath.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/json/captured_data.h"

namespace jobexec::json {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;

nlohmann::json LoadCases() {
  std::ifstream file(testing::CapturedData() / "jsonpath/cts.json");
  return nlohmann::json::parse(file).at("tests");
}

// Where the order of members is free, a case lists all results that are right.
std::vector<nlohmann::json> AcceptedResults(const nlohmann::json& test) {
  if (test.contains("results")) return test.at("results");
  return {test.at("result")};
}

void ExpectResult(const JsonPath& path, const nlohmann::json& test) {
  const nlohmann::json& document = test.at("document");
  const auto selected = path.Select(document);
  ASSERT_THAT(selected, IsOk());
  nlohmann::json values = nlohmann::json::array();
  for (const nlohmann::json* const value : *selected) values.push_back(*value);
  const auto accepted = AcceptedResults(test);
  EXPECT_NE(std::find(accepted.begin(), accepted.end(), values), accepted.end())
      << values << ", expected " << accepted.front();
}

TEST(JsonPathCompliance, EveryCase) {
  SKIP_WITHOUT_CAPTURED_DATA();
  const nlohmann::json cases = LoadCases();
  ASSERT_GT(cases.size(), 700u);

  for (const nlohmann::json& test : cases) {
    const std::string selector = test.at("selector");
    SCOPED_TRACE(test.at("name").get<std::string>() + ": " + selector);
    const auto path = JsonPath::Compile(selector);
    if (test.value("invalid_selector", false)) {
      EXPECT_THAT(path, StatusIs(absl::StatusCode::kInvalidArgument, ::testing::_));
      continue;
    }
    EXPECT_THAT(path, IsOk());
    if (path.ok()) ExpectResult(*path, test);
  }
}

}  // namespace
}  // namespace jobexec::json
