#include "scheduler/config/labels.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(CheckMetadataKey, Table) {
  const std::pair<std::string, bool> kCases[] = {
      {"a", true},
      {"A-b_c.d9", true},
      {"example.com/a", true},
      {std::string(63, 'a'), true},
      {std::string(253, 'a') + "/b", true},
      {"", false},
      {"a ", false},
      {"a-", false},
      {"/a", false},
      {"a/", false},
      {"a/b/c", false},
      {"Example.com/a", false},
      {"a..b/c", false},
      {"é", false},
      {std::string(64, 'a'), false},
      {std::string(254, 'a') + "/b", false},
      {"jobexec.dev/phase", false},
      {"not.jobexec.dev/phase", true},
  };
  for (const auto& [key, is_legal] : kCases) EXPECT_EQ(CheckMetadataKey(key).ok(), is_legal) << key;
}

TEST(CheckLabelValue, Table) {
  const std::pair<std::string, bool> kCases[] = {
      {"", true},    {"a", true},    {std::string(63, 'a'), true},  {"A-b_c.d", true},
      {"-a", false}, {"a b", false}, {std::string(64, 'a'), false}, {"a/b", false}};
  for (const auto& [value, is_legal] : kCases) {
    EXPECT_EQ(CheckLabelValue(value).ok(), is_legal) << value;
  }
}

TEST(CheckLabels, NamesKeyAndValue) {
  EXPECT_THAT(CheckLabels({{"a", "b"}, {"c", ""}}), IsOk());
  EXPECT_THAT(CheckLabels({{"a", "b"}, {"c", "d e"}}),
              StatusIs(kInvalid, HasSubstr("c: value \"d e\"")));
  EXPECT_THAT(CheckLabels({{"c d", "e"}}), StatusIs(kInvalid, HasSubstr("key \"c d\"")));
}

TEST(CheckAnnotations, LeavesValuesFree) {
  EXPECT_THAT(CheckAnnotations({{"a", "b c\n{}"}}), IsOk());
  EXPECT_THAT(CheckAnnotations({{"a b", "c"}}), StatusIs(kInvalid, HasSubstr("key \"a b\"")));
}

}  // namespace
}  // namespace jobexec::scheduler
