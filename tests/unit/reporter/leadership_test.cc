#include "reporter/leadership.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include "tests/support/fake_kube_client.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::ManualClock;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

constexpr absl::Duration kPatience = absl::Seconds(30);

class LeadershipTest : public ::testing::Test {
 protected:
  ManualClock clock_;
  FakeKubeClient kube_{clock_};
  prometheus::Registry registry_;
  const kube::LeaseOptions lease_ = {.name_space = "ns", .name = "lease", .holder = "a"};
};

TEST_F(LeadershipTest, WithoutALeaseItLeadsForEverAndActsOnceItBegins) {
  Leadership leadership({}, kube_, clock_, registry_);
  leadership.Start(nullptr);
  EXPECT_EQ(leadership.Term(), 1u);
  EXPECT_FALSE(leadership.MayAct());
  leadership.Begin(1);
  EXPECT_TRUE(leadership.MayAct());
  clock_.Advance(absl::Hours(1));
  EXPECT_TRUE(leadership.MayAct());
  EXPECT_THAT(leadership.Check(), IsOk());
  leadership.Stop();
  EXPECT_FALSE(leadership.MayAct());
  EXPECT_TRUE(kube_.Calls().empty());
}

TEST_F(LeadershipTest, MayActOnlyInTheTermInWhichItBegan) {
  Leadership leadership(lease_, kube_, clock_, registry_);
  leadership.Start(nullptr);
  ASSERT_TRUE(PollUntil([&] { return leadership.Term() == 1; }, kPatience));
  leadership.Begin(1);
  EXPECT_TRUE(leadership.MayAct());

  // It has slept; the Lease is still its own.
  clock_.Advance(absl::Seconds(6));
  ASSERT_TRUE(PollUntil([&] { return leadership.Term() >= 2; }, kPatience));
  const uint64_t term = leadership.Term();
  EXPECT_FALSE(leadership.MayAct());
  leadership.Begin(term);
  EXPECT_TRUE(leadership.MayAct());
  leadership.End();
  EXPECT_FALSE(leadership.MayAct());
  EXPECT_EQ(leadership.Term(), term);
}

TEST_F(LeadershipTest, SaysWhatWillNotPassByItself) {
  kube_.FailNext("get", absl::UnavailableError("away"), 3);
  kube_.FailNext("get", absl::PermissionDeniedError("leases are forbidden"), 100'000);
  Leadership leadership(lease_, kube_, clock_, registry_);
  EXPECT_THAT(leadership.Check(), IsOk());
  leadership.Start(nullptr);
  ASSERT_TRUE(PollUntil([&] { return !leadership.Check().ok(); }, kPatience));
  EXPECT_THAT(leadership.Check(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("leases are forbidden")));
}

}  // namespace
}  // namespace jobexec::reporter
