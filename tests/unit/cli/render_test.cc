#include "cli/render.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <variant>

#include "absl/strings/str_split.h"
#include "cli/simulation.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/config/yaml_reader.h"
#include "tests/support/status_matchers.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using Json = nlohmann::json;

constexpr char kConfig[] = R"(apiVersion: v2
actions:
  - name: "A\nb"
    events: [{name: test.triggered}]
    tasks:
      - {name: one, image: alpine, files: [x], cmd: [sh, -c, "echo a; # b\necho c\n"],
         env: [{name: YES, value: "yes", valueFrom: string}, {name: ALL, value: $.data, valueFrom: event}]}
      - {name: two, image: "busybox:1", annotations: {n: "007", long: "word word word word word word word word word word word word word word word word word word"}}
  - name: other
    events: [{name: test.triggered}]
    tasks: [{name: three, image: alpine, resources: {limits: {cpu: 0.5}}}]
  - name: unwanted
    events: [{name: nothing}]
    tasks: [{name: four, image: alpine}]
)";

cloudevents::Event TestEvent() {
  cloudevents::Event event;
  event.set_id("1");
  event.set_source("s");
  event.set_spec_version("1.0");
  event.set_type("sh.keptn.event.test.triggered");
  event.set_text_data(
      R"({"project":"p","stage":"dev","service":"v","labels":{"a":"b"},"n":1.5,"t":"ü: #"})");
  return event;
}

scheduler::JobConfig Parse(const std::string& content) {
  auto parsed = scheduler::ParseJobConfig("c", content);
  EXPECT_THAT(parsed.status(), IsOk());
  return std::move(parsed.config);
}

Simulation SimulateTest(const std::string& config, const config::Environment& environment = {}) {
  const auto settings = LoadJobSettings(config::SourcesOf(environment));
  EXPECT_THAT(settings, IsOk());
  auto simulation = Simulate(TestEvent(), Parse(config), *settings);
  EXPECT_THAT(simulation, IsOk());
  return *std::move(simulation);
}

// One YAML document as JSON, read by the strict reader of the config.
Json FromYaml(const std::string& text) {
  const auto tree = scheduler::ParseYaml(text);
  Json json;
  scheduler::YamlReader reader;
  scheduler::ReadYaml(reader, *std::get<scheduler::YamlNodePtr>(tree), json);
  EXPECT_THAT(reader.TakeFaults(), IsEmpty());
  return json;
}

// Without the value of the grant.
std::string Expected(const scheduler::PlannedJob& job) { return scheduler::WithoutGrant(job.body); }

TEST(Render, JobsAreByteForByteThoseOfTheScheduler) {
  const config::Environment environment = {{"JOB_NAMESPACE", "jobs"}, {"INSTALLATION_ID", "me"}};
  const auto settings = LoadJobSettings(config::SourcesOf(environment));
  const Simulation simulation = SimulateTest(kConfig, environment);
  // Another key and another time, as in the scheduler.
  const scheduler::Planner planner(settings->planner, scheduler::GrantSigner("the real key"));
  const auto config = Parse(kConfig);
  const scheduler::Plan plan =
      planner.PlanRuns(simulation.input, config, {0, 1}, {}, absl::FromUnixSeconds(1'700'000'000));

  const auto jobs = RenderPlan(simulation.plan);

  ASSERT_THAT(jobs, SizeIs(3));
  ASSERT_THAT(plan.members, SizeIs(2));
  EXPECT_EQ(jobs[0].body, Expected(plan.anchor));
  EXPECT_EQ(jobs[1].body, plan.members[0].body);
  EXPECT_EQ(jobs[2].body, plan.members[1].body);
  EXPECT_THAT(jobs[0].body, AllOf(HasSubstr("\"<redacted>\""), HasSubstr("\"jobs\"")));
}

TEST(Render, YamlHoldsTheSameJobs) {
  const auto jobs = RenderPlan(SimulateTest(kConfig).plan);

  const std::vector<std::string> documents = absl::StrSplit(JobsAsYaml(jobs), "---\n# ");

  ASSERT_THAT(documents, SizeIs(4));
  EXPECT_THAT(documents[0], IsEmpty());
  for (size_t i = 0; i < jobs.size(); ++i) {
    EXPECT_EQ(FromYaml("# " + documents[i + 1]), Json::parse(jobs[i].body));
  }
}

TEST(Render, TitlesSayWhoseJobItIsAndWhenItRuns) {
  const auto jobs = RenderPlan(SimulateTest(kConfig).plan);

  ASSERT_THAT(jobs, SizeIs(3));
  EXPECT_EQ(jobs[0].title, "action \"A\\nb\", task \"one\": created last, runs at once");
  EXPECT_EQ(jobs[1].title,
            "action \"A\\nb\", task \"two\": created suspended, runs after the task before it");
  EXPECT_EQ(jobs[2].title,
            "action \"other\", task \"three\": created suspended, runs once the plan is complete");
}

TEST(Render, JsonIsOneLinePerJob) {
  const auto jobs = RenderPlan(SimulateTest(kConfig).plan);

  EXPECT_EQ(JobsAsJson(jobs), jobs[0].body + "\n" + jobs[1].body + "\n" + jobs[2].body + "\n");
}

TEST(Render, AnActionThatIsRefusedIsSaidAndTheOthersRun) {
  const Simulation simulation = SimulateTest(kConfig, {{"ALLOWED_IMAGE_LIST", "alpine"}});

  EXPECT_THAT(RefusedActions(simulation.plan),
              ElementsAre("action \"A\\nb\": Forbidden: Image busybox:1 does not match configured "
                          "image allowlist."));
  const auto jobs = RenderPlan(simulation.plan);
  ASSERT_THAT(jobs, SizeIs(2));
  EXPECT_THAT(jobs[0].title, HasSubstr("\"three\""));
  EXPECT_THAT(jobs[1].title, "record of the plan: created last, runs nothing");
}

TEST(Render, AnEventThatIsRefusedLeavesItsRecord) {
  const Simulation simulation = SimulateTest(kConfig, {{"ALLOWED_IMAGE_LIST", "none"}});

  EXPECT_THAT(RefusedActions(simulation.plan), ElementsAre(HasSubstr("Image alpine")));
  const auto jobs = RenderPlan(simulation.plan);
  ASSERT_THAT(jobs, SizeIs(1));
  EXPECT_EQ(jobs[0].title, "record of the refusal: nothing runs");
  EXPECT_THAT(jobs[0].body, HasSubstr("jobexec.dev/refusal"));
}

TEST(Simulation, SaysWhyThereIsNoPlan) {
  EXPECT_THAT(SimulateTest("apiVersion: v2\n").ignored_reason, HasSubstr("no action"));
  cloudevents::Event event = TestEvent();
  event.set_type("sh.keptn.event.dev.test.triggered");
  const auto simulation = Simulate(event, Parse(kConfig), *LoadJobSettings({}));
  ASSERT_THAT(simulation, IsOk());
  EXPECT_THAT(simulation->ignored_reason, HasSubstr("is not a task event"));
  EXPECT_THAT(SimulateTest(kConfig).ignored_reason, IsEmpty());
  event.set_id("");
  EXPECT_THAT(Simulate(event, Parse(kConfig), *LoadJobSettings({})), Not(IsOk()));
}

}  // namespace
}  // namespace jobexec::cli
