// docs/job-config.md: every example is read, planned and rendered.
//
// A json block is the event of the examples after it. A yaml block that begins with an apiVersion
// is a config; a text block right after it has its faults, a yaml block after it that begins with
// "kind: Job" is a part of one of the Jobs that the event then gets.
#include <gmock/gmock.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/cloudevents/event.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/planner.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/docs/documents.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::FencedBlock;
using ::jobexec::testing::IsJobConfig;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::JobConfigBlocks;
using ::jobexec::testing::SourceFile;
using ::jobexec::testing::YamlToJson;
using ::testing::IsEmpty;
using ::testing::Not;
using Json = nlohmann::json;

// True if `whole` has all that `part` says: members of objects, items of lists in their order.
bool Contains(const Json& whole, const Json& part) {
  if (part.is_object()) {
    return whole.is_object() &&
           std::all_of(part.items().begin(), part.items().end(), [&whole](const auto& member) {
             return whole.contains(member.key()) && Contains(whole[member.key()], member.value());
           });
  }
  if (!part.is_array()) return whole == part;
  if (!whole.is_array()) return false;
  size_t next = 0;
  for (const Json& item : whole) {
    if (next < part.size() && Contains(item, part[next])) ++next;
  }
  return next == part.size();
}

TEST(Contains, FindsPartsOnly) {
  const Json whole = Json::parse(R"({"a": [{"x": 1, "y": 2}, 3, 4], "b": "c"})");

  EXPECT_TRUE(Contains(whole, Json::parse(R"({"a": [{"y": 2}, 4]})")));
  EXPECT_FALSE(Contains(whole, Json::parse(R"({"a": [4, {"y": 2}]})")));
  EXPECT_FALSE(Contains(whole, Json::parse(R"({"a": [{"y": 3}]})")));
  EXPECT_FALSE(Contains(whole, Json::parse(R"({"d": null})")));
}

EventInput ReadEvent(const std::string& text) {
  EventInput input;
  const auto event = cloudevents::FromStructuredJson(text);
  EXPECT_THAT(event, IsOk());
  EXPECT_THAT(cloudevents::Validate(*event), IsOk());
  input.document = *cloudevents::ToDocument(*event);
  const auto facts = runs::FactsOf(input.document);
  EXPECT_THAT(facts, IsOk());
  input.facts = *facts;
  return input;
}

// An installation with its defaults.
Planner MakePlanner() {
  PlannerSettings settings;
  settings.installation = "jobexec";
  settings.defaults.job_namespace = "jobs";
  settings.defaults.deployment_name = "job-executor-service";
  settings.defaults.init_image = "jobexec-init:1";
  settings.defaults.resources = *ParseDefaultResources("1", "512Mi", "50m", "128Mi");
  settings.fetch_address = "scheduler:9090";
  return Planner(settings, GrantSigner("key"));
}

// The Jobs that the event gets from the config; every task must get one.
std::vector<Json> Render(const ParsedConfig& parsed, const EventInput& event) {
  const CompiledConfig config(parsed.config);
  EXPECT_THAT(config.warnings(), IsEmpty());
  const std::vector<int> matching = MatchingActions(config, event.facts.type, event.document);
  EXPECT_THAT(matching, Not(IsEmpty()));
  const Plan plan =
      MakePlanner().PlanRuns(event, parsed.config, matching, {}, absl::FromUnixSeconds(0));
  EXPECT_FALSE(plan.refusal.has_value()) << plan.refusal->message;
  for (const runs::ManifestEntry& entry : plan.manifest) EXPECT_EQ(entry.refusal, "");
  std::vector<Json> jobs = {Json::parse(plan.anchor.body)};
  for (const PlannedJob& member : plan.members) jobs.push_back(Json::parse(member.body));
  return jobs;
}

std::string FaultsOf(const ParsedConfig& parsed) {
  const absl::Status status = parsed.status();
  return status.ok() ? "" : absl::StrCat(std::string(status.message()), "\n");
}

TEST(JobConfigDocument, ItsExamplesDoWhatItSays) {
  const std::vector<FencedBlock> blocks = JobConfigBlocks();
  EventInput event;
  std::vector<Json> jobs;
  int configs = 0;
  int parts = 0;
  for (size_t i = 0; i < blocks.size(); ++i) {
    const FencedBlock& block = blocks[i];
    SCOPED_TRACE(absl::StrCat("docs/job-config.md:", block.line));
    if (block.language == "json") {
      event = ReadEvent(block.text);
    } else if (IsJobConfig(block)) {
      ++configs;
      const ParsedConfig parsed = ParseJobConfig("job/config.yaml", block.text);
      const bool shows_faults = i + 1 < blocks.size() && blocks[i + 1].language == "text";
      EXPECT_EQ(FaultsOf(parsed), shows_faults ? blocks[i + 1].text : "");
      if (parsed.ok()) jobs = Render(parsed, event);
    } else if (block.language == "yaml") {
      ++parts;
      const Json part = YamlToJson(block.text);
      ASSERT_EQ(part.value("kind", ""), "Job");
      EXPECT_TRUE(std::any_of(jobs.begin(), jobs.end(), [&part](const Json& job) {
        return Contains(job, part);
      })) << Json(jobs).dump(1);
    }
  }
  EXPECT_GE(configs, 10);
  EXPECT_GE(parts, 9);
}

// Every name of a field in `schema` and below.
void CollectFields(const Json& schema, std::set<std::string>& fields) {
  for (const auto& [key, value] : schema.items()) {
    if (key == "properties") {
      for (const auto& property : value.items()) fields.insert(property.key());
    }
    if (value.is_structured()) CollectFields(value, fields);
  }
}

TEST(JobConfigDocument, NamesEveryField) {
  const std::string document = SourceFile("docs/job-config.md");
  std::set<std::string> fields;
  CollectFields(Json::parse(SourceFile("docs/job-config.schema.json")), fields);
  ASSERT_GE(fields.size(), 60);

  for (const std::string& field : fields) {
    const bool is_named = absl::StrContains(document, absl::StrCat("`", field, "`")) ||
                          absl::StrContains(document, absl::StrCat(".", field, "`"));
    EXPECT_TRUE(is_named) << field;
  }
}

}  // namespace
}  // namespace jobexec::scheduler
