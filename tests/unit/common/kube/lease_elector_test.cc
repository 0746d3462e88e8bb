#include "common/kube/lease_elector.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <atomic>
#include <memory>
#include <nlohmann/json.hpp>

#include "common/telemetry/metrics.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::ManualClock;
using ::jobexec::testing::PollUntil;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;
using ::testing::Ne;

constexpr absl::Duration kPatience = absl::Seconds(30);

TEST(HolderName, IsNewEachTime) { EXPECT_THAT(NewHolderName(), Ne(NewHolderName())); }

class LeaseElectorTest : public ::testing::Test {
 protected:
  // One process: its own metrics.
  struct Process {
    prometheus::Registry registry;
    std::unique_ptr<LeaseElector> elector;
  };

  std::unique_ptr<Process> Start(const std::string& holder,
                                 std::function<bool()> willing = nullptr) {
    auto process = std::make_unique<Process>();
    process->elector = std::make_unique<LeaseElector>(
        LeaseOptions{.name_space = "ns", .name = "lease", .holder = holder}, kube_, clock_,
        process->registry);
    process->elector->Start(std::move(willing));
    return process;
  }

  static bool Leads(const Process& process) {
    return PollUntil([&] { return process.elector->LeadsNow(); }, kPatience);
  }
  static bool HasMetric(const Process& process, const std::string& line) {
    return PollUntil(
        [&] { return SerializeMetrics(process.registry).find(line) != std::string::npos; },
        kPatience);
  }

  ManualClock clock_;
  FakeKubeClient kube_{clock_};
};

TEST_F(LeaseElectorTest, LeadsAndGivesTheLeaseFreeWhenItStops) {
  const auto a = Start("a");
  EXPECT_TRUE(Leads(*a));
  EXPECT_EQ(a->elector->Term(), 1u);
  EXPECT_TRUE(HasMetric(*a, "jobexec_lease_leader{lease=\"lease\"} 1"));
  const auto b = Start("b");
  EXPECT_TRUE(PollUntil([&] { return kube_.Count("get") >= 5; }, kPatience));
  EXPECT_FALSE(b->elector->LeadsNow());

  a->elector->Stop();
  EXPECT_FALSE(a->elector->LeadsNow());
  EXPECT_TRUE(Leads(*b)) << "without any time passing";
  EXPECT_TRUE(HasMetric(*a, "jobexec_lease_leader{lease=\"lease\"} 0"));
  EXPECT_TRUE(HasMetric(*a, "jobexec_lease_changes_total{change=\"lost\",lease=\"lease\"} 1"));
}

TEST_F(LeaseElectorTest, TakesOverWhenTheLeaderFallsSilent) {
  kube_.Put(Leases("ns"), {{"metadata", {{"name", "lease"}}},
                           {"spec", {{"holderIdentity", "dead"}, {"leaseDurationSeconds", 8}}}});
  const auto b = Start("b");
  EXPECT_TRUE(PollUntil([&] { return kube_.Count("get") >= 1; }, kPatience));
  EXPECT_FALSE(b->elector->LeadsNow());
  // The first look may have been before or after this step.
  clock_.Advance(absl::Seconds(8));
  EXPECT_TRUE(
      PollUntil([&] { return b->elector->LeadsNow() || kube_.Count("get") >= 3; }, kPatience));
  clock_.Advance(absl::Seconds(8));
  EXPECT_TRUE(Leads(*b));
}

TEST_F(LeaseElectorTest, LosesTheLeadershipWithTheApi) {
  const auto a = Start("a");
  ASSERT_TRUE(Leads(*a));
  kube_.FailNext("update", absl::UnavailableError("away"), 100'000);
  clock_.Advance(absl::Seconds(5));
  EXPECT_FALSE(a->elector->LeadsNow());
  EXPECT_TRUE(PollUntil([&] { return !a->elector->status().ok(); }, kPatience));
  EXPECT_TRUE(HasMetric(*a, "jobexec_lease_leader{lease=\"lease\"} 0"));
}

TEST_F(LeaseElectorTest, WaitsUntilItIsWilling) {
  std::atomic<bool> willing = false;
  const auto a = Start("a", [&] { return willing.load(); });
  EXPECT_TRUE(PollUntil([&] { return kube_.Count("get") >= 3; }, kPatience));
  EXPECT_FALSE(a->elector->LeadsNow());
  willing = true;
  EXPECT_TRUE(Leads(*a));
}

TEST_F(LeaseElectorTest, SaysWhatIsWrong) {
  kube_.FailNext("get", absl::PermissionDeniedError("cannot get leases"), 100'000);
  const auto a = Start("a");
  EXPECT_TRUE(PollUntil([&] { return !a->elector->status().ok(); }, kPatience));
  EXPECT_THAT(a->elector->status(),
              StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("cannot get leases")));
}

TEST_F(LeaseElectorTest, StopsWithoutHavingStarted) {
  prometheus::Registry registry;
  LeaseElector elector({.name_space = "ns", .name = "lease", .holder = "a"}, kube_, clock_,
                       registry);
  elector.Stop();
  EXPECT_EQ(elector.Term(), 0u);
  EXPECT_TRUE(kube_.Calls().empty());
}

}  // namespace
}  // namespace jobexec::kube
