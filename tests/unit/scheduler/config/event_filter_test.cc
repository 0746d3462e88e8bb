#include "scheduler/config/event_filter.h"

#include <gmock/gmock.h>
#include <re2/re2.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using Json = nlohmann::json;

TEST(EventFilter, PatternsAreSearchedAnywhereInTheType) {
  const auto pattern = CompileTypePattern("event.test");
  ASSERT_THAT(pattern, IsOk());
  EXPECT_TRUE(FindsType(**pattern, "sh.keptn.event.test.triggered"));
  EXPECT_TRUE(FindsType(**pattern, "event-test"));
  EXPECT_FALSE(FindsType(**pattern, "test.event"));
}

TEST(EventFilter, SaysWhatIsWrongWithAnExpression) {
  EXPECT_THAT(CompileTypePattern("a(\n"), StatusIs(absl::StatusCode::kInvalidArgument,
                                                   HasSubstr("\"a(\\n\" is no regular expression: "
                                                             "missing )")));
  EXPECT_THAT(CompileProperty(" data.x "), StatusIs(absl::StatusCode::kInvalidArgument,
                                                    HasSubstr("\" data.x \" is no JSONPath")));
  EXPECT_THAT(CompileProperty(" $.data.x\n"), IsOk());
}

TEST(EventFilter, PatternsHaveALimitedSize) {
  EXPECT_THAT(CompileTypePattern("[a-z.]{1000}"), IsOk());
  EXPECT_THAT(CompileTypePattern("\\pL{1000}"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("too large")));
}

TEST(EventFilter, TextsNumbersAndBooleansCanBeCompared) {
  EXPECT_EQ(ComparableText("a"), "a");
  EXPECT_EQ(ComparableText(1.5), "1.5");
  EXPECT_EQ(ComparableText(true), "true");
  for (const Json& value : {Json(), Json::array({"a"}), Json({{"a", "b"}})}) {
    EXPECT_EQ(ComparableText(value), std::nullopt) << value;
  }
}

}  // namespace
}  // namespace jobexec::scheduler
