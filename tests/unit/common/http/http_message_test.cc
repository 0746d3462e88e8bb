#include "common/http/http_message.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace jobexec::http {
namespace {

TEST(FindHeader, IgnoresCaseAndBlanksAndTakesTheFirst) {
  const Headers headers = {{"Content-TYPE", "  text/plain\t"}, {"content-type", "other"}};

  EXPECT_EQ(FindHeader(headers, "content-type"), "text/plain");
  EXPECT_EQ(FindHeader(headers, "content"), "");
}

TEST(MakeProblem, IsAProblemDocument) {
  const Response response = MakeProblem(413, "Body too large", "the limit is \"10\" bytes \xff");

  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(FindHeader(response.headers, "Content-Type"), "application/problem+json");
  const auto problem = nlohmann::json::parse(response.body, nullptr, false);
  EXPECT_EQ(problem.value("status", 0), 413);
  EXPECT_EQ(problem.value("title", ""), "Body too large");
  EXPECT_EQ(problem.value("detail", ""), "the limit is \"10\" bytes \xEF\xBF\xBD");
}

}  // namespace
}  // namespace jobexec::http
