// The reporter against the test Keptn, which counts as Keptn does: one .started too many, or one
// .finished too few, and the sequence never ends.
#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "common/keptn/events.h"
#include "reporter/keptn_publisher.h"
#include "reporter/offer_watch.h"
#include "tests/support/keptn/keptn.h"
#include "tests/support/poll.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::PollUntil;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder
using test_keptn::Fault;

constexpr char kTriggered[] = "sh.keptn.event.deploy.triggered";
constexpr absl::Duration kPatience = absl::Seconds(30);

keptn::Settings SettingsOf(const test_keptn::Keptn& keptn) {
  const config::Environment environment = {{"KEPTN_API_ENDPOINT", keptn.endpoint()},
                                           {"KEPTN_API_TOKEN", keptn.token()}};
  config::SettingsReader reader(environment);
  keptn::Settings settings = keptn::LoadSettings(reader);
  EXPECT_THAT(reader.Finish(), IsOk());
  return settings;
}

class KeptnStreamTest : public ::testing::Test {
 protected:
  void SetUp() override { Start({}); }

  void Start(const test_keptn::Keptn::Options& options) {
    harness_.reset();
    auto keptn = test_keptn::Keptn::Start(options);
    ASSERT_THAT(keptn, IsOk());
    keptn_ = *std::move(keptn);
    keptn_->AddProject("shop", test_keptn::SimpleShipyard("dev", "delivery", {"deploy"}));
    api_ = keptn::Api::Create(SettingsOf(*keptn_), RealClock());
    publisher_ = std::make_unique<KeptnPublisher>(*api_);
    harness_ = std::make_unique<Harness>(*publisher_, api_.get());
    StartSequence();
  }

  // A sequence, its offer, and the anchor that the scheduler made of it.
  void StartSequence() {
    const auto started = keptn_->StartSequence(
        {.project = "shop", .stage = "dev", .service = "cart", .sequence = "delivery"});
    ASSERT_THAT(started, IsOk());
    context_ = started->context;
    keptn::Offers offers;
    ASSERT_TRUE(PollUntil(
        [&] {
          offers = keptn::ListOffers(*api_, kTriggered, {}, RealClock()).value_or(keptn::Offers());
          return !offers.events.empty();
        },
        kPatience));
    anchor_ = Anchor({Entry(0, 1)});
    runs::EventFacts& facts = anchor_.record.facts;
    facts.id = offers.events[0].id();
    facts.source = offers.events[0].source();
    facts.type = kTriggered;
    facts.project = "shop";
    facts.stage = "dev";
    facts.service = "cart";
    facts.keptn_context = context_;
    facts.via = runs::Via::kKeptn;
    facts.integration_id = "intg-1";
  }

  void Inject(const std::string& kind, Fault fault) {
    fault.method = "POST";
    fault.path = "*/v1/event";
    fault.body = absl::StrCat("deploy.", kind);
    keptn_->faults().Add(fault);
  }

  int Counted(const std::string& kind) {
    return keptn_->log().Count(
        "event", {{"type", absl::StrCat("sh.keptn.event.deploy.", kind)}, {"outcome", "counted"}});
  }
  // Everything of a kind that reached the controller.
  int Received(const std::string& kind) {
    return keptn_->log().Count("event", {{"type", absl::StrCat("sh.keptn.event.deploy.", kind)}});
  }
  // The controller counts a moment after the API has taken an event; the reporter's clock stands
  // still meanwhile.
  void AwaitCounted(const std::string& kind) {
    EXPECT_TRUE(PollUntil([&] { return Counted(kind) > 0; }, kPatience)) << kind;
  }

  // The reporter's whole work on the event; `taken` tells which answers Keptn takes at the first
  // attempt, whatever it replies.
  void Live(bool started_taken, bool finished_taken, int exit_code = 0) {
    harness_->Create(anchor_);
    harness_->Run(absl::Seconds(2));
    if (started_taken) AwaitCounted("started");
    harness_->Run(absl::Minutes(3));
    AwaitCounted("started");
    harness_->EndPod(anchor_, exit_code, "hello\n");
    harness_->Run(absl::Seconds(2));
    if (finished_taken) AwaitCounted("finished");
    harness_->Run(absl::Minutes(3));
  }

  void ExpectTheEnd(const std::string& result) {
    EXPECT_TRUE(keptn_->WaitForEnd("shop", context_, kPatience)) << "the sequence hangs";
    EXPECT_EQ(Counted("started"), 1);
    EXPECT_EQ(Counted("finished"), 1);
    EXPECT_EQ(Received("started"), 1);
    EXPECT_EQ(Received("finished"), 1);
    EXPECT_EQ(keptn_->log().Count("sequence_finished", {{"result", result}}), 1);
    EXPECT_EQ(harness_->LedgerOf(anchor_), "f");
    EXPECT_FALSE(harness_->IsHeld(anchor_));
  }

  std::unique_ptr<test_keptn::Keptn> keptn_;
  std::unique_ptr<keptn::Api> api_;
  std::unique_ptr<KeptnPublisher> publisher_;
  std::unique_ptr<Harness> harness_;
  std::string context_;
  JobView anchor_;
};

TEST_F(KeptnStreamTest, NothingGoesWrong) {
  Live(true, true);
  ExpectTheEnd("pass");
}

TEST_F(KeptnStreamTest, AFailedTaskFailsTheSequenceAndStandsInTheErrorLog) {
  Live(true, true, /*exit_code=*/3);
  ExpectTheEnd("fail");
  harness_->PostErrorLog();
  const auto entries = keptn_->log().Entries("integration_log");
  ASSERT_THAT(entries, SizeIs(1));
  EXPECT_THAT(entries[0].dump(), HasSubstr(anchor_.record.facts.id));
  EXPECT_THAT(entries[0].dump(), HasSubstr("exited with code 3"));
}

// An API that checks events, and takes no more than 64 KB.
TEST_F(KeptnStreamTest, AnAnswerThatIsTooLargeGetsShorter) {
  Start({.validate_events = true});
  harness_->Create(anchor_);
  harness_->EndPod(anchor_, 0, std::string(200'000, 'x'));
  harness_->Run(absl::Minutes(3));
  AwaitCounted("finished");
  ExpectTheEnd("pass");
  EXPECT_GE(keptn_->log().Count("http", {{"method", "POST"}, {"status", 400}}), 1);
}

// What ALWAYS_SEND_FINISHED_EVENT=true makes of a bad job/config.yaml.
TEST_F(KeptnStreamTest, ARefusedEventEndsItsSequence) {
  anchor_.record.role = runs::Role::kRecord;
  anchor_.record.manifest.clear();
  anchor_.record.refused = true;
  anchor_.record.refusal = {9, "CONFIG_INVALID", "job/config.yaml:3:5: unknown field"};
  harness_->Create(anchor_);
  harness_->Run(absl::Minutes(3));
  AwaitCounted("finished");
  ExpectTheEnd("fail");
}

TEST_F(KeptnStreamTest, TheReplyToStartedIsLost) {
  Inject("started", {.effect = Fault::Effect::kLoseReply});
  Live(true, true);
  ExpectTheEnd("pass");
}

TEST_F(KeptnStreamTest, TheReplyToFinishedIsLost) {
  Inject("finished", {.effect = Fault::Effect::kLoseReply});
  Live(true, true);
  ExpectTheEnd("pass");
}

TEST_F(KeptnStreamTest, BothRepliesAreLostAndTheReporterDiesEachTime) {
  Inject("started", {.effect = Fault::Effect::kLoseReply});
  Inject("finished", {.effect = Fault::Effect::kLoseReply});
  harness_->Create(anchor_);
  harness_->Run(absl::Seconds(2));
  AwaitCounted("started");
  harness_->StartReporter();
  harness_->Run(absl::Minutes(3));
  harness_->EndPod(anchor_, 0, "hello\n");
  harness_->Run(absl::Seconds(2));
  AwaitCounted("finished");
  harness_->StartReporter();
  harness_->Run(absl::Minutes(3));
  ExpectTheEnd("pass");
}

TEST_F(KeptnStreamTest, OtherFaults) {
  const struct {
    const char* name;
    Fault fault;
  } cases[] = {
      {"429", {.status = 429, .retry_after = "2", .times = 3}},
      {"500", {.status = 500, .times = 2}},
      {"503", {.status = 503}},
      {"401", {.status = 401}},
      {"cut", {.effect = Fault::Effect::kCut, .times = 2}},
  };
  for (const auto& test : cases) {
    for (const char* kind : {"started", "finished"}) {
      SCOPED_TRACE(absl::StrCat(test.name, " ", kind));
      Start({});
      Inject(kind, test.fault);
      const bool of_started = std::string(kind) == "started";
      Live(!of_started, of_started);
      AwaitCounted("finished");
      ExpectTheEnd("pass");
    }
  }
}

// The whole gateway cannot tell who calls: 429 for all, Keptn's word for an outage.
TEST_F(KeptnStreamTest, AnOutageIsWaitedFor) {
  Inject("started", {.effect = Fault::Effect::kLoseReply});
  harness_->Create(anchor_);
  harness_->Run(absl::Seconds(2));
  AwaitCounted("started");
  keptn_->SetApiDown(true);
  harness_->Run(absl::Minutes(5));
  EXPECT_EQ(Received("started"), 1);
  keptn_->SetApiDown(false);
  harness_->Run(absl::Minutes(3));
  EXPECT_EQ(harness_->LedgerOf(anchor_), "s");
  harness_->EndPod(anchor_, 0, "hello\n");
  harness_->Run(absl::Minutes(3));
  AwaitCounted("finished");
  ExpectTheEnd("pass");
}

TEST_F(KeptnStreamTest, AnAbortedSequenceCancelsItsRunWhichEndsAllTheSame) {
  harness_->Create(anchor_);
  harness_->Run(absl::Seconds(2));
  AwaitCounted("started");
  prometheus::Registry registry;
  Metrics metrics(registry);
  OfferWatch watch(
      {*api_, harness_->kube, harness_->store(), metrics, harness_->clock, [] { return true; }});
  EXPECT_TRUE(watch.Look());
  harness_->clock.Advance(kOfferGap);
  EXPECT_TRUE(watch.Look());
  harness_->Run(absl::Seconds(1));
  EXPECT_EQ(harness_->Job(anchor_)["metadata"]["annotations"].count(runs::kCancelAnnotation), 0u);

  keptn_->Steer("shop", context_, test_keptn::Engine::Control::kAbort);
  EXPECT_TRUE(keptn_->WaitForEnd("shop", context_, kPatience));
  EXPECT_TRUE(watch.Look());
  harness_->clock.Advance(kOfferGap);
  EXPECT_TRUE(watch.Look());
  harness_->Run(absl::Minutes(1));
  const Json annotations = harness_->Job(anchor_)["metadata"]["annotations"];
  EXPECT_EQ(annotations[runs::kPhaseAnnotation], "stopped");
  EXPECT_THAT(annotations[runs::kWhyAnnotation].get<std::string>(), HasSubstr("keptn"));
  EXPECT_EQ(harness_->LedgerOf(anchor_), "f");
  EXPECT_FALSE(harness_->IsHeld(anchor_));
  EXPECT_EQ(Counted("finished"), 0) << "nobody waits for it";
  EXPECT_EQ(Received("finished"), 1);
}

}  // namespace
}  // namespace jobexec::reporter
