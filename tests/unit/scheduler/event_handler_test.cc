#include "scheduler/event_handler.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include "common/base/status_details.h"
#include "common/cloudevents/event.h"
#include "common/resources/directory_store.h"
#include "common/runs/names.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/temp_directory.h"

namespace jobexec::scheduler {
namespace {

using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kConfig[] = R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: "test.triggered"}]
    tasks: [{name: one, image: img}, {name: two, image: img}]
  - name: B
    events: [{name: "test.triggered"}]
    silent: true
    tasks: [{name: three, image: img}]
)";

class EventHandlerTest : public ::testing::Test {
 protected:
  EventHandlerTest() {
    PlannerSettings settings;
    settings.installation = "inst";
    settings.defaults.job_namespace = "home";
    settings.always_send_finished = true;
    planner_ = std::make_unique<Planner>(settings, GrantSigner("key"));
    handler_ = std::make_unique<EventHandler>(EventHandler::Options{}, configs_, *planner_,
                                              launcher_, clock_, metrics_);
    directory_.Write("shop/dev/cart/job/config.yaml", kConfig);
  }

  EventSubmission Submission(
      const std::string& type = "sh.keptn.event.test.triggered",
      const std::string& data = R"({"project":"shop","stage":"dev","service":"cart"})") {
    EventSubmission submission;
    auto& event = *submission.mutable_event();
    event.set_id("1");
    event.set_source("s");
    event.set_spec_version("1.0");
    event.set_type(type);
    event.set_text_data(data);
    cloudevents::SetAttribute(event, "time", absl::FormatTime(event_time_));
    return submission;
  }
  std::vector<nlohmann::json> Jobs() { return kube_.All(kube::Jobs("home")); }

  testing::TempDirectory directory_;
  testing::FakeClock clock_;
  absl::Time event_time_ = clock_.TimeNow();
  testing::FakeKubeClient kube_{clock_};
  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  std::unique_ptr<resources::Store> store_ = resources::MakeDirectoryStore(directory_.path());
  ConfigSource configs_{*store_};
  std::unique_ptr<Planner> planner_;
  WorkerPool members_{2, 16};
  Launcher launcher_{kube_, clock_, members_};
  std::unique_ptr<EventHandler> handler_;
};

TEST_F(EventHandlerTest, AcceptsAMatchingEventWithEveryActionAndTask) {
  const EventOutcome outcome = handler_->Handle(Submission());

  ASSERT_TRUE(outcome.has_accepted()) << outcome.DebugString();
  EXPECT_FALSE(outcome.accepted().already_known());
  ASSERT_EQ(outcome.accepted().runs_size(), 2);
  EXPECT_EQ(outcome.accepted().runs(0).action(), "A");
  EXPECT_EQ(outcome.accepted().runs(0).jobs_size(), 2);
  EXPECT_TRUE(outcome.accepted().runs(1).silent());
  EXPECT_THAT(Jobs(), SizeIs(3));
}

TEST_F(EventHandlerTest, TheSameEventAgainIsAlreadyKnown) {
  const EventOutcome first = handler_->Handle(Submission());
  directory_.Write("shop/dev/cart/job/config.yaml", std::string(kConfig) + "# changed\n");
  const EventOutcome again = handler_->Handle(Submission());

  ASSERT_TRUE(again.has_accepted());
  EXPECT_TRUE(again.accepted().already_known());
  EXPECT_EQ(again.accepted().runs(0).jobs(1), first.accepted().runs(0).jobs(1));
}

TEST_F(EventHandlerTest, IgnoresWithAReasonAndWritesNothing) {
  const std::vector<std::pair<EventSubmission, std::string>> cases = {
      {Submission("com.example.other"), "no action"},
      {Submission("sh.keptn.event.dev.delivery.triggered"), "not a task event"},
      {Submission("sh.keptn.event.test.triggered", R"({"project":"shop"})"), "DEFAULT_STAGE"},
  };
  for (const auto& [submission, reason] : cases) {
    const EventOutcome outcome = handler_->Handle(submission);
    ASSERT_TRUE(outcome.has_ignored()) << outcome.DebugString();
    EXPECT_THAT(outcome.ignored().reason(), HasSubstr(reason));
  }
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

TEST_F(EventHandlerTest, RejectsWhatIsNoEvent) {
  EventSubmission no_id = Submission();
  no_id.mutable_event()->clear_id();
  const std::vector<std::pair<EventSubmission, std::string>> cases = {
      {no_id, "id"},
      {Submission("a.triggered", "{not json"), "data"},
      {Submission("a.triggered", R"({"labels":{"x":1}})"), "data.labels.x"},
  };
  for (const auto& [submission, reason] : cases) {
    const EventOutcome outcome = handler_->Handle(submission);
    ASSERT_TRUE(outcome.has_rejected()) << outcome.DebugString();
    EXPECT_FALSE(outcome.rejected().recorded());
    EXPECT_EQ(outcome.rejected().reason(), "EVENT_INVALID");
    EXPECT_THAT(outcome.rejected().message(), HasSubstr(reason));
  }
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

TEST_F(EventHandlerTest, ABadConfigIsARecordedRefusal) {
  directory_.Write("shop/dev/cart/job/config.yaml", "apiVersion: v1");

  const EventOutcome outcome = handler_->Handle(Submission());

  ASSERT_TRUE(outcome.has_rejected()) << outcome.DebugString();
  EXPECT_TRUE(outcome.rejected().recorded());
  EXPECT_EQ(outcome.rejected().reason(), "CONFIG_INVALID");
  ASSERT_THAT(Jobs(), SizeIs(1));
  EXPECT_EQ(Jobs()[0]["metadata"]["labels"][runs::kRoleLabel], "record");
}

TEST_F(EventHandlerTest, ARefusalStandsWhenTheConfigIsMended) {
  directory_.Write("shop/dev/cart/job/config.yaml", "apiVersion: v1");
  handler_->Handle(Submission());
  directory_.Write("shop/dev/cart/job/config.yaml", kConfig);

  const EventOutcome again = handler_->Handle(Submission());

  ASSERT_TRUE(again.has_rejected()) << again.DebugString();
  EXPECT_EQ(again.rejected().reason(), "CONFIG_INVALID");
}

TEST_F(EventHandlerTest, TransientTroubleIsRetriedLater) {
  for (const absl::Status& trouble :
       {absl::UnavailableError("down"), absl::DeadlineExceededError("slow"),
        absl::PermissionDeniedError("exceeded quota"), absl::NotFoundError("no namespace")}) {
    kube_.FailNext("create", trouble, 3);
    const EventOutcome outcome = handler_->Handle(Submission());
    ASSERT_TRUE(outcome.has_retry()) << outcome.DebugString();
    EXPECT_GE(outcome.retry().delay().seconds(), 1);
    kube_.FailNext("create", absl::OkStatus(), 0);
    while (handler_->Handle(Submission()).has_retry()) {
    }
    for (const auto& job : Jobs()) kube_.Remove(kube::Jobs("home"), job["metadata"]["name"]);
  }
}

TEST_F(EventHandlerTest, AStoreThatIsAwayIsNeverReadAsNoConfig) {
  const auto away = resources::MakeDirectoryStore("/nonexistent");
  ConfigSource configs(*away);
  EventHandler handler({}, configs, *planner_, launcher_, clock_, metrics_);

  EXPECT_TRUE(handler.Handle(Submission()).has_retry());
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

TEST_F(EventHandlerTest, ALongQuotaRefusalEndsAsARefusal) {
  event_time_ = clock_.TimeNow() - absl::Minutes(11);
  absl::Status quota = absl::PermissionDeniedError("exceeded quota: 10 jobs");
  // Both members of the first plan, then the member of the second; the record is created.
  kube_.FailNext("create", quota, 3);

  const EventOutcome outcome = handler_->Handle(Submission());

  ASSERT_TRUE(outcome.has_rejected()) << outcome.DebugString();
  EXPECT_TRUE(outcome.rejected().recorded());
  EXPECT_THAT(outcome.rejected().message(), HasSubstr("exceeded quota"));
}

TEST_F(EventHandlerTest, AJobThatTheApiServerRefusesForGoodTakesOnlyItsActionAway) {
  kube_.FailNext("create", absl::InvalidArgumentError("spec: Invalid value"), 1);
  members_.TrySubmit([] {});

  const EventOutcome outcome = handler_->Handle(Submission());

  ASSERT_TRUE(outcome.has_accepted()) << outcome.DebugString();
  ASSERT_EQ(outcome.accepted().runs_size(), 2);
  const int refused = outcome.accepted().runs(0).jobs().empty() ? 0 : 1;
  EXPECT_EQ(outcome.accepted().runs(refused).jobs_size(), 0);
  EXPECT_GT(outcome.accepted().runs(1 - refused).jobs_size(), 0);
}

TEST_F(EventHandlerTest, TheAnchorKnowsHowTheEventCameIn) {
  const std::pair<EventSubmission::Via, runs::Via> cases[] = {
      {EventSubmission::VIA_UNSPECIFIED, runs::Via::kHttp},
      {EventSubmission::VIA_HTTP, runs::Via::kHttp},
      {EventSubmission::VIA_NATS, runs::Via::kNats},
      {EventSubmission::VIA_KEPTN, runs::Via::kKeptn},
  };
  for (const auto& [via, expected] : cases) {
    EventSubmission submission = Submission();
    submission.mutable_event()->set_id(EventSubmission::Via_Name(via));
    submission.set_via(via);
    submission.set_from_sequence(9);
    submission.set_integration_id("88de5cd4");
    ASSERT_TRUE(handler_->Handle(submission).has_accepted());

    const auto anchor = runs::ReadJob(kube_.Find(
        kube::Jobs("home"), runs::AnchorName(runs::EventHash("s", submission.event().id()))));

    ASSERT_TRUE(anchor.ok()) << anchor.status();
    EXPECT_EQ(anchor->facts.via, expected);
    EXPECT_EQ(anchor->facts.from_sequence, 9);
    EXPECT_EQ(anchor->facts.integration_id, "88de5cd4");
    EXPECT_EQ(anchor->facts.time, event_time_);
  }
}

TEST_F(EventHandlerTest, NothingIsCreatedAfterTheDeadline) {
  EventSubmission late = Submission();
  late.mutable_deadline()->set_seconds(absl::ToUnixSeconds(clock_.TimeNow()) - 1);

  EXPECT_TRUE(handler_->Handle(late).has_retry());
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

TEST_F(EventHandlerTest, TheDefaultScopeFillsInWhatTheEventLeavesOut) {
  EventHandler handler({.default_scope = {"shop", "dev", "cart"}}, configs_, *planner_, launcher_,
                       clock_, metrics_);

  EXPECT_TRUE(handler.Handle(Submission("x.test.triggered", "{}")).has_accepted());
}

TEST_F(EventHandlerTest, APreviewCreatesNothing) {
  const auto stored = handler_->PreviewPlan(Submission().event(), std::nullopt);
  const auto given =
      handler_->PreviewPlan(Submission().event(), "apiVersion: v2\nactions: [{name: X}]");

  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_THAT(stored->plan.manifest, SizeIs(3));
  ASSERT_TRUE(given.ok()) << given.status();
  EXPECT_THAT(given->ignored_reason, HasSubstr("no action"));
  EXPECT_THAT(kube_.Calls(), IsEmpty());
}

}  // namespace
}  // namespace jobexec::scheduler
