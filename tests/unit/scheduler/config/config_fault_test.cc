#include "scheduler/config/config_fault.h"

#include <gmock/gmock.h>

#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;

TEST(Shown, EscapesAndShortensBetweenCharacters) {
  EXPECT_EQ(Shown(""), "");
  EXPECT_EQ(Shown("grün"), "grün");
  EXPECT_EQ(Shown("\u0085\x01"), "\\u0085\\001");
  EXPECT_EQ(Shown("a\n\"b\""), "a\\n\\\"b\\\"");
  EXPECT_EQ(Shown(std::string(60, 'x')), std::string(60, 'x'));
  EXPECT_EQ(Shown(std::string(61, 'x')), std::string(60, 'x') + "...");
  EXPECT_EQ(Shown(std::string(59, 'x') + "éé"), std::string(59, 'x') + "...");
}

TEST(FaultsStatus, HasOneLinePerFault) {
  EXPECT_THAT(FaultsStatus("f", {}), IsOk());

  const absl::Status status = FaultsStatus("f.yaml", {{{1, 2}, "a"}, {{3, 4}, "b"}});

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument, "f.yaml:1:2: a\nf.yaml:3:4: b"));
  EXPECT_EQ(GetReason(status), "CONFIG_INVALID");
}

}  // namespace
}  // namespace jobexec::scheduler
