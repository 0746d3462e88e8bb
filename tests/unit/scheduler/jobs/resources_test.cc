#include "scheduler/jobs/resources.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

TEST(BuildResources, PrintsCanonicalQuantities) {
  const Resources resources{
      .limits = {{"cpu", "0.5"}, {"memory", "1.5Gi"}, {"nvidia.com/gpu", "1"}},
      .requests = {{"cpu", ""}, {"ephemeral-storage", "1024Mi"}}};

  EXPECT_EQ(BuildResources(resources)->dump(),
            R"({"limits":{"cpu":"500m","memory":"1536Mi","nvidia.com/gpu":"1"},)"
            R"("requests":{"ephemeral-storage":"1Gi"}})");
}

TEST(BuildResources, EmptyTextsLeaveNothing) {
  EXPECT_EQ(BuildResources({.limits = {{"cpu", ""}}})->dump(), "{}");
}

TEST(BuildResources, NamesTheFault) {
  EXPECT_THAT(BuildResources({.limits = {{"cpu", "notaquantity"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("unable to parse resource limits requirement: unable to parse cpu "
                                 "quantity 'notaquantity': ")));
  EXPECT_THAT(BuildResources({.requests = {{"memory", "-1Gi"}}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("requests"), HasSubstr("memory"), HasSubstr("negative"))));
}

}  // namespace
}  // namespace jobexec::scheduler
