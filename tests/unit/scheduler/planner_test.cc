#include "scheduler/planner.h"

#include <gmock/gmock.h>

#include "common/base/status_details.h"
#include "common/runs/names.h"
#include "common/runs/schema.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/jobs/job_builder.h"

namespace jobexec::scheduler {
namespace {

using ::nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

constexpr char kTwoTasks[] = R"(
apiVersion: v2
actions:
  - name: A
    events: [{name: "test.triggered"}]
    tasks:
      - {name: one, image: img, files: [x.sh], ttlSecondsAfterFinished: 600}
      - {name: two, image: img, onError: warn}
)";

EventInput AnEvent(const std::string& type = "sh.keptn.event.test.triggered") {
  EventInput input;
  input.document = {{"id", "1"}, {"source", "s"}, {"type", type}};
  input.facts.id = "1";
  input.facts.source = "s";
  input.facts.type = type;
  input.facts.project = "shop";
  input.facts.stage = "dev";
  input.facts.service = "cart";
  return input;
}

JobConfig Config(const std::string& text) {
  ParsedConfig parsed = ParseJobConfig("job/config.yaml", text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  return parsed.config;
}

Planner MakePlanner(bool always_send_finished = false, const std::string& allowed = "") {
  PlannerSettings settings;
  settings.installation = "inst";
  settings.defaults.job_namespace = "home";
  settings.defaults.deployment_name = "jes";
  settings.defaults.init_image = "init:1";
  settings.defaults.allowed_images = *ImageAllowlist::Parse(allowed);
  settings.always_send_finished = always_send_finished;
  settings.fetch_address = "scheduler:9090";
  return Planner(settings, GrantSigner("key"));
}

Plan MakePlan(const std::string& config, const EventInput& input = AnEvent(),
              const std::string& allowed = "") {
  const JobConfig parsed = Config(config);
  std::vector<int> matching;
  for (size_t i = 0; i < parsed.actions.size(); ++i) matching.push_back(static_cast<int>(i));
  return MakePlanner(false, allowed).PlanRuns(input, parsed, matching, {}, kNow);
}

json Metadata(const PlannedJob& job) { return json::parse(job.body)["metadata"]; }
json Annotation(const PlannedJob& job, const char* key) {
  return Metadata(job)["annotations"].value(key, json());
}

TEST(Planner, TheFirstTaskIsTheAnchorAndTheOthersAreSuspendedMembers) {
  const Plan plan = MakePlan(kTwoTasks);
  const std::string hash = runs::EventHash("s", "1");

  EXPECT_EQ(plan.anchor.name, runs::AnchorName(hash));
  EXPECT_EQ(plan.anchor.name_space, "home");
  const json anchor = json::parse(plan.anchor.body);
  EXPECT_FALSE(anchor["spec"].contains("suspend"));
  EXPECT_THAT(anchor["metadata"]["finalizers"], ElementsAre(runs::kAnswerFinalizer));
  EXPECT_FALSE(anchor["spec"].contains("ttlSecondsAfterFinished"));

  ASSERT_EQ(plan.members.size(), 1);
  EXPECT_THAT(plan.members[0].name, StartsWith(runs::TaskStem(hash, 0, 2) + "-"));
  const json member = json::parse(plan.members[0].body);
  EXPECT_EQ(member["spec"]["suspend"], true);
  EXPECT_FALSE(member["metadata"].contains("finalizers"));
}

TEST(Planner, EveryObjectIsReadBackAsItWasMeant) {
  const Plan plan = MakePlan(kTwoTasks);

  const auto anchor = runs::ReadJob(json::parse(plan.anchor.body));
  ASSERT_TRUE(anchor.ok()) << anchor.status();
  EXPECT_EQ(anchor->role, runs::Role::kAnchor);
  EXPECT_EQ(anchor->phase, runs::Phase::kReleased);
  EXPECT_EQ(anchor->installation, "inst");
  EXPECT_EQ(anchor->ttl_seconds, 600);
  EXPECT_EQ(anchor->ledger.state, runs::Ledger::State::kNothing);
  EXPECT_EQ(anchor->manifest, plan.manifest);
  EXPECT_EQ(anchor->facts.project, "shop");
  ASSERT_EQ(anchor->manifest.size(), 2);
  EXPECT_EQ(anchor->manifest[1].job, plan.members[0].name);
  EXPECT_TRUE(anchor->manifest[1].warn_on_error);

  const auto member = runs::ReadJob(json::parse(plan.members[0].body));
  ASSERT_TRUE(member.ok()) << member.status();
  EXPECT_EQ(member->role, runs::Role::kMember);
  EXPECT_EQ(member->phase, runs::Phase::kPlanned);
  EXPECT_EQ(member->plan, anchor->plan);
  EXPECT_EQ(member->ttl_seconds, 21600);
}

TEST(Planner, PodsCarryTheLabelsThatTheReporterWatches) {
  const json labels =
      json::parse(MakePlan(kTwoTasks).anchor.body)["spec"]["template"]["metadata"]["labels"];

  EXPECT_EQ(labels[runs::kInstallationLabel], "inst");
  EXPECT_EQ(labels[runs::kEventLabel], runs::EventHash("s", "1"));
}

TEST(Planner, TheSameEventGivesTheSamePlanAtAnyTime) {
  const JobConfig config = Config(kTwoTasks);
  const Planner planner = MakePlanner();

  const Plan first = planner.PlanRuns(AnEvent(), config, {0}, {}, kNow);
  const Plan later = planner.PlanRuns(AnEvent(), config, {0}, {}, kNow + absl::Hours(5));

  EXPECT_EQ(first.members[0].name, later.members[0].name);
}

TEST(Planner, AChangedConfigGivesOtherMembersButTheSameAnchor) {
  const Plan before = MakePlan(kTwoTasks);
  const Plan after = MakePlan(std::string(kTwoTasks) + "# changed\n");

  EXPECT_EQ(before.anchor.name, after.anchor.name);
  EXPECT_NE(before.members[0].name, after.members[0].name);
}

TEST(Planner, InitContainersGetAGrantForTheirFilesAlone) {
  const json pod = json::parse(MakePlan(kTwoTasks).anchor.body)["spec"]["template"]["spec"];

  const json& env = pod["initContainers"][0]["env"];
  EXPECT_EQ(env[0]["name"], "JOBEXEC_SCHEDULER");
  EXPECT_EQ(env[0]["value"], "scheduler:9090");
  const auto grant = GrantSigner("key").Verify(env[1]["value"].get<std::string>(), kNow);
  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_THAT(grant->files, ElementsAre("x.sh"));
  EXPECT_EQ(grant->scope.stage, "dev");
  EXPECT_EQ(grant->expiry, kNow + absl::Hours(24));
}

TEST(Planner, ASingleSilentTaskOwesNothingAndCleansUpByItself) {
  const Plan plan = MakePlan(R"(
apiVersion: v2
actions:
  - {name: A, silent: true, tasks: [{name: one, image: img, ttlSecondsAfterFinished: 90}]}
)");

  const json anchor = json::parse(plan.anchor.body);
  EXPECT_FALSE(anchor["metadata"].contains("finalizers"));
  EXPECT_EQ(anchor["spec"]["ttlSecondsAfterFinished"], 90);
  EXPECT_EQ(Annotation(plan.anchor, runs::kLedgerAnnotation), "none");
}

TEST(Planner, AnEventThatIsNotTriggeredOwesNoAnswerButItsTasksAreRunInOrder) {
  const Plan plan = MakePlan(kTwoTasks, AnEvent("sh.keptn.event.test.finished"));

  EXPECT_EQ(Annotation(plan.anchor, runs::kLedgerAnnotation), "none");
  EXPECT_THAT(Metadata(plan.anchor)["finalizers"], ElementsAre(runs::kAnswerFinalizer));
}

TEST(Planner, AFirstTaskInAnotherNamespaceLeavesARecordAtHome) {
  const Plan plan = MakePlan(R"(
apiVersion: v2
actions:
  - {name: A, tasks: [{name: one, image: img, namespace: away}]}
)");

  const json record = json::parse(plan.anchor.body);
  EXPECT_EQ(record["metadata"]["labels"][runs::kRoleLabel], "record");
  EXPECT_EQ(record["metadata"]["namespace"], "home");
  EXPECT_EQ(record["spec"]["completions"], 0);
  EXPECT_EQ(record["spec"]["parallelism"], 0);
  ASSERT_EQ(plan.members.size(), 1);
  EXPECT_EQ(plan.members[0].name_space, "away");
  EXPECT_THAT(plan.members[0].name, HasSubstr("-000-001-"));
}

constexpr char kGoodAndBad[] = R"(
apiVersion: v2
actions:
  - {name: Bad, tasks: [{name: one, image: evil}]}
  - {name: Good, tasks: [{name: two, image: good}]}
)";

TEST(Planner, ARefusedActionIsListedAndTheOthersRun) {
  const Plan plan = MakePlan(kGoodAndBad, AnEvent(), "good");

  EXPECT_FALSE(plan.refusal.has_value());
  ASSERT_EQ(plan.manifest.size(), 2);
  EXPECT_THAT(plan.manifest[0].refusal, HasSubstr("evil"));
  EXPECT_THAT(plan.manifest[0].job, IsEmpty());
  EXPECT_EQ(Metadata(plan.anchor)["labels"][runs::kRoleLabel], "record");
  EXPECT_THAT(plan.members[0].name, HasSubstr("-001-001-"));
}

TEST(Planner, NothingLeftToRunIsARefusalThatIsAnswered) {
  const Plan plan = MakePlan(kGoodAndBad, AnEvent(), "other");

  ASSERT_TRUE(plan.refusal.has_value());
  EXPECT_EQ(plan.refusal->reason, kImageNotAllowed);
  EXPECT_THAT(plan.refusal->message, HasSubstr("evil"));
  EXPECT_THAT(plan.refusal->message, HasSubstr("good"));
  EXPECT_THAT(plan.members, IsEmpty());
  EXPECT_EQ(Annotation(plan.anchor, runs::kLedgerAnnotation), "-");
  const auto record = runs::ReadJob(json::parse(plan.anchor.body));
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(record->refused);
}

TEST(Planner, RefusalsHaveNoControlCharacters) {
  constexpr char kConfig[] = R"(
apiVersion: v2
actions:
  - {name: Bad, tasks: [{name: one, image: i, env: [{name: "\e[31m", valueFrom: x}]}]}
  - {name: Good, tasks: [{name: two, image: i}]}
)";

  const Plan some = MakePlan(kConfig);
  const Plan all = MakePlan(std::string(kConfig, std::string(kConfig).find("  - {name: Good")));

  EXPECT_THAT(some.manifest[0].refusal, HasSubstr("name \\x1b[31m, "));
  EXPECT_THAT(all.refusal->message, HasSubstr("name \\x1b[31m, "));
}

TEST(Planner, RefusalsOfTheApiServerAreTakenIn) {
  absl::Status why = absl::InvalidArgumentError("spec.x: bad");
  SetReason(why, "Invalid");

  const Plan plan =
      MakePlanner().PlanRuns(AnEvent(), Config(kGoodAndBad), {0, 1}, {{1, why}}, kNow);

  EXPECT_THAT(plan.manifest[1].refusal, HasSubstr("spec.x: bad"));
  EXPECT_EQ(Metadata(plan.anchor)["labels"][runs::kRoleLabel], "anchor");
}

TEST(Planner, ARefusedEventIsAnsweredOnlyIfAskedFor) {
  const Planner planner = MakePlanner();
  const absl::Status why = absl::NotFoundError("no config");

  EXPECT_EQ(
      Annotation(planner.PlanRefusal(AnEvent().facts, why, true).anchor, runs::kLedgerAnnotation),
      "-");
  EXPECT_EQ(
      Annotation(planner.PlanRefusal(AnEvent().facts, why, false).anchor, runs::kLedgerAnnotation),
      "none");
  EXPECT_EQ(Annotation(planner.PlanRefusal(AnEvent("a.finished").facts, why, true).anchor,
                       runs::kLedgerAnnotation),
            "none");
}

TEST(Planner, AnActionWithoutTasksIsARunThatPasses) {
  const Plan plan = MakePlan("apiVersion: v2\nactions: [{name: Empty}]");

  EXPECT_FALSE(plan.refusal.has_value());
  ASSERT_EQ(plan.manifest.size(), 1);
  EXPECT_THAT(plan.manifest[0].refusal, IsEmpty());
  EXPECT_EQ(Annotation(plan.anchor, runs::kLedgerAnnotation), "-");
}

TEST(Planner, TooManyLabelsAreARefusalWithoutThem) {
  EventInput input = AnEvent();
  for (int i = 0; i < 3000; ++i)
    input.facts.labels["label" + std::to_string(i)] = std::string(80, 'x');

  const Plan plan = MakePlan(kTwoTasks, input);

  ASSERT_TRUE(plan.refusal.has_value());
  EXPECT_EQ(plan.refusal->reason, "TOO_LARGE");
  EXPECT_LT(plan.anchor.body.size(), runs::kMaxAnnotationBytes);
  EXPECT_THAT(plan.refusal->message, HasSubstr("labels"));
}

TEST(Planner, AQueueGetsTheAnchorAtOnceAndAMemberOnlyInItsTurn) {
  const Plan plan = MakePlan(R"(
apiVersion: v2
actions:
  - name: A
    tasks: [{name: one, image: img, queue: q}, {name: two, image: img, queue: q}]
)");

  EXPECT_EQ(Metadata(plan.anchor)["labels"][kQueueLabel], "q");
  EXPECT_FALSE(Metadata(plan.members[0])["labels"].contains(kQueueLabel));
  EXPECT_EQ(Annotation(plan.members[0], runs::kQueueAnnotation), "q");
}

}  // namespace
}  // namespace jobexec::scheduler
