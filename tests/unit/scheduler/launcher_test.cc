#include "scheduler/launcher.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "common/base/status_details.h"
#include "common/runs/names.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::nlohmann::json;
using ::testing::_;
using ::testing::HasSubstr;
using ::testing::IsNull;

runs::EventFacts Facts(const std::string& id = "1") {
  runs::EventFacts facts;
  facts.id = id;
  facts.source = "s";
  return facts;
}

PlannedJob Job(const std::string& name, runs::Role role, int action, const std::string& id = "1") {
  json job = {{"apiVersion", "batch/v1"},
              {"kind", "Job"},
              {"metadata",
               {{"name", name},
                {"namespace", "ns"},
                {"labels",
                 {{runs::kInstallationLabel, "inst"},
                  {runs::kEventLabel, "h"},
                  {runs::kRoleLabel, std::string(runs::RoleName(role))}}},
                {"annotations",
                 {{runs::kEventSourceAnnotation, "s"},
                  {runs::kEventIdAnnotation, id},
                  {runs::kPhaseAnnotation, "released"},
                  {runs::kTtlAnnotation, "60"},
                  {runs::kLedgerAnnotation, "-"},
                  {runs::kFactsAnnotation, runs::FormatFacts(Facts(id))},
                  {runs::kManifestAnnotation, runs::FormatManifest({})}}}}}};
  return {.name_space = "ns", .name = name, .body = job.dump(), .action = action};
}

Plan TwoJobs() {
  Plan plan;
  plan.anchor = Job("anchor", runs::Role::kAnchor, 0);
  plan.members = {Job("member-1", runs::Role::kMember, 0), Job("member-2", runs::Role::kMember, 1)};
  return plan;
}

class LauncherTest : public ::testing::Test {
 protected:
  LaunchResult Launch(const Plan& plan, const runs::EventFacts& facts = Facts(),
                      const std::string& installation = "inst") {
    return launcher_.Launch(plan, facts, installation, clock_.TimeNow() + absl::Seconds(60));
  }
  bool Exists(const std::string& name) { return !kube_.Find(kube::Jobs("ns"), name).is_null(); }

  testing::FakeClock clock_;
  testing::FakeKubeClient kube_;
  WorkerPool members_{2, 16};
  Launcher launcher_{kube_, clock_, members_};
};

TEST_F(LauncherTest, CreatesTheAnchorAfterEveryMember) {
  const LaunchResult result = Launch(TwoJobs());

  EXPECT_THAT(result.status, IsOk());
  EXPECT_FALSE(result.existing.has_value());
  ASSERT_EQ(kube_.Calls().size(), 3);
  EXPECT_EQ(kube_.Calls()[2].object["metadata"]["name"], "anchor");
}

TEST_F(LauncherTest, AOneTaskPlanIsOneCreateAndNothingElse) {
  Plan plan;
  plan.anchor = Job("anchor", runs::Role::kAnchor, 0);

  EXPECT_THAT(Launch(plan).status, IsOk());

  EXPECT_EQ(kube_.Calls().size(), 1);
  EXPECT_EQ(kube_.Count("create"), 1);
}

TEST_F(LauncherTest, ARepeatFindsTheAnchorWithOneGet) {
  Launch(TwoJobs());
  kube_.ForgetCalls();

  const LaunchResult again = Launch(TwoJobs());

  EXPECT_THAT(again.status, IsOk());
  ASSERT_TRUE(again.existing.has_value());
  EXPECT_EQ(again.existing->facts.id, "1");
  EXPECT_EQ(kube_.Count("get"), 1);
}

TEST_F(LauncherTest, AFailedMemberKeepsTheAnchorAway) {
  kube_.FailNext("create", absl::InvalidArgumentError("spec.template: bad"));
  Plan plan = TwoJobs();
  plan.members.pop_back();

  const LaunchResult result = Launch(plan);

  EXPECT_THAT(result.status, StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("member-1")));
  EXPECT_EQ(result.failed_action, 0);
  EXPECT_FALSE(Exists("anchor"));
}

TEST_F(LauncherTest, ACreateThatLandedUnseenIsFoundByTheRepeat) {
  Plan plan;
  plan.anchor = Job("anchor", runs::Role::kAnchor, 0);
  kube_.LoseAnswerOfNext("create", absl::DeadlineExceededError("no answer"));

  EXPECT_THAT(Launch(plan).status, StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  const LaunchResult again = Launch(plan);

  EXPECT_THAT(again.status, IsOk());
  EXPECT_TRUE(again.existing.has_value());
}

TEST_F(LauncherTest, ANameThatBelongsToAnotherEventIsTaken) {
  Launch(TwoJobs());

  const LaunchResult other_event = Launch(TwoJobs(), Facts("2"));
  const LaunchResult other_installation = Launch(TwoJobs(), Facts(), "other");

  EXPECT_THAT(other_event.status,
              StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr("event 1 from s")));
  EXPECT_THAT(other_installation.status, StatusIs(absl::StatusCode::kAlreadyExists, _));
}

TEST_F(LauncherTest, AnAnchorThatVanishesBetweenCreateAndGetIsUndecided) {
  Launch(TwoJobs());
  kube_.FailNext("get", absl::NotFoundError("gone"));

  EXPECT_THAT(Launch(TwoJobs()).status, StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(LauncherTest, NothingIsCreatedAfterTheDeadline) {
  const LaunchResult result =
      launcher_.Launch(TwoJobs(), Facts(), "inst", clock_.TimeNow() - absl::Seconds(1));

  EXPECT_THAT(result.status, StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_EQ(kube_.Calls().size(), 0);
}

}  // namespace
}  // namespace jobexec::scheduler
