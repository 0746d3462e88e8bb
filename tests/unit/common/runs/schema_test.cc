#include "common/runs/schema.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/support/status_matchers.h"

namespace jobexec::runs {
namespace {

using ::jobexec::testing::StatusIs;
using ::nlohmann::json;
using ::testing::HasSubstr;

json AnchorJob() {
  EventFacts facts;
  facts.project = "p";
  facts.labels = {{"build", "17"}};
  facts.via = Via::kNats;
  facts.from_sequence = 42;
  return {{"metadata",
           {{"name", "jes-h-000-001"},
            {"namespace", "keptn"},
            {"uid", "u1"},
            {"resourceVersion", "7"},
            {"creationTimestamp", "2024-03-01T10:00:00Z"},
            {"finalizers", {"orphan", kAnswerFinalizer}},
            {"labels",
             {{kInstallationLabel, "inst"},
              {kEventLabel, "h"},
              {kRoleLabel, "anchor"},
              {kPlanLabel, "01234567"}}},
            {"annotations",
             {{kEventSourceAnnotation, "src"},
              {kEventIdAnnotation, "id"},
              {kEventTypeAnnotation, "a.triggered"},
              {kPhaseAnnotation, "released"},
              {kTtlAnnotation, "600"},
              {kLedgerAnnotation, "s:9"},
              {kFactsAnnotation, FormatFacts(facts)},
              {kManifestAnnotation,
               FormatManifest({{.name_space = "keptn",
                                .job = "jes-h-000-001",
                                .task = 1,
                                .action_name = "A",
                                .task_name = "T",
                                .warn_on_error = true},
                               {.action = 1, .action_name = "B", .refusal = "image"}})}}}}}};
}

TEST(ReadJob, ReadsBackWhatWasWritten) {
  const auto record = ReadJob(AnchorJob());

  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->name, "jes-h-000-001");
  EXPECT_EQ(record->role, Role::kAnchor);
  EXPECT_EQ(record->phase, Phase::kReleased);
  EXPECT_EQ(record->facts.id, "id");
  EXPECT_EQ(record->facts.project, "p");
  EXPECT_EQ(record->facts.labels.at("build"), "17");
  EXPECT_EQ(record->facts.via, Via::kNats);
  EXPECT_EQ(record->facts.from_sequence, 42);
  EXPECT_EQ(record->facts.time, absl::InfinitePast());
  EXPECT_EQ(record->facts.integration_id, "");
  EXPECT_EQ(record->ledger.state, Ledger::State::kStarted);
  EXPECT_EQ(record->ledger.sequence, 9);
  EXPECT_EQ(record->ttl_seconds, 600);
  EXPECT_TRUE(record->has_answer_finalizer);
  EXPECT_EQ(record->answer_finalizer_index, 1);
  ASSERT_EQ(record->manifest.size(), 2);
  EXPECT_TRUE(record->manifest[0].warn_on_error);
  EXPECT_EQ(record->manifest[1].refusal, "image");
  EXPECT_EQ(record->create_time, absl::FromUnixSeconds(1709287200));
  EXPECT_EQ(record->delete_time, absl::InfiniteFuture());
}

TEST(Facts, ComeBackAsTheyWere) {
  const absl::Time time = absl::FromUnixNanos(1709283600123456789);
  for (const Via via : {Via::kHttp, Via::kNats, Via::kKeptn}) {
    EventFacts facts;
    facts.via = via;
    facts.time = time;
    facts.integration_id = "88de5cd4774422f6ebed5f0f94bc1bbcd94b6266";
    json job = AnchorJob();
    job["metadata"]["annotations"][kFactsAnnotation] = FormatFacts(facts);

    const auto record = ReadJob(job);

    ASSERT_TRUE(record.ok()) << record.status();
    EXPECT_EQ(record->facts.via, via);
    EXPECT_EQ(record->facts.time, time);
    EXPECT_EQ(record->facts.integration_id, facts.integration_id);
  }
}

TEST(Facts, NameWhatIsThereOnly) {
  const json facts = json::parse(FormatFacts({.via = Via::kKeptn}));
  EXPECT_EQ(facts.at("via"), "keptn");
  for (const char* key : {"time", "fromSeq", "integrationId", "traceparent"}) {
    EXPECT_FALSE(facts.contains(key)) << key;
  }
}

TEST(ReadJob, ReadsARefusal) {
  json job = AnchorJob();
  job["metadata"]["labels"][kRoleLabel] = "record";
  job["metadata"]["annotations"].erase(kManifestAnnotation);
  job["metadata"]["annotations"][kRefusalAnnotation] =
      FormatRefusal({.code = 3, .reason = "CONFIG_INVALID", .message = "line 3"});

  const auto record = ReadJob(job);

  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_TRUE(record->refused);
  EXPECT_EQ(record->refusal.code, 3);
  EXPECT_EQ(record->refusal.message, "line 3");
}

TEST(ReadJob, ReadsWhoCancelledIt) {
  const std::vector<Cancel> cancels = {
      {.by = "alice", .why = "wrong build", .time = absl::FromUnixSeconds(1'700'000'000)},
      {.by = "bob", .time = absl::FromUnixSeconds(1'700'000'001), .action = 2},
      {.by = "keptn", .time = absl::FromUnixSeconds(1'700'000'002), .sequence_ended = true}};
  json job = AnchorJob();
  job["metadata"]["annotations"][kCancelAnnotation] = FormatCancels(cancels);
  job["metadata"]["annotations"][kDeleteAfterAnnotation] = "2024-03-01T11:00:00Z";
  job["metadata"]["annotations"][kErrorLogAnnotation] = "owed";

  const auto record = ReadJob(job);

  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->cancels, cancels);
  EXPECT_EQ(record->delete_after, absl::FromUnixSeconds(1709290800));
  EXPECT_EQ(record->error_log, "owed");
}

TEST(Cancel, CoversOneActionOrAll) {
  const std::vector<Cancel> second_only = {{.by = "bob", .action = 1}};
  EXPECT_EQ(FindCancel({}, 0), nullptr);
  EXPECT_EQ(FindCancel(second_only, 0), nullptr);
  ASSERT_NE(FindCancel(second_only, 1), nullptr);
  EXPECT_EQ(DescribeCancel(*FindCancel(second_only, 1)), "cancelled by bob");
  EXPECT_NE(FindCancel({{.why = "x"}}, 7), nullptr);
}

TEST(Cancel, ATextWrittenByHandCancelsEverything) {
  for (const char* text : {"", "not needed", "[]", "[1]", "{}"}) {
    const std::vector<Cancel> cancels = ParseCancels(text);
    ASSERT_EQ(cancels.size(), 1) << text;
    EXPECT_EQ(cancels[0].action, -1) << text;
  }
  EXPECT_EQ(DescribeCancel(ParseCancels("not needed")[0]), "cancelled: not needed");
}

TEST(ReadJob, NamesWhatSomebodyBroke) {
  for (const char* key : {kPhaseAnnotation, kTtlAnnotation, kLedgerAnnotation, kFactsAnnotation,
                          kManifestAnnotation}) {
    json job = AnchorJob();
    job["metadata"]["annotations"][key] = "{broken";
    EXPECT_THAT(ReadJob(job), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(key)));
  }
  EXPECT_FALSE(ReadJob(json::parse("[]")).ok());
}

TEST(Ledger, EveryStateSurvivesItsText) {
  const absl::Time time = absl::FromUnixMillis(1'700'000'000'123);
  for (const Ledger& ledger : {
           Ledger{.state = Ledger::State::kNone},
           Ledger{.state = Ledger::State::kNothing},
           Ledger{.state = Ledger::State::kStarted},
           Ledger{.state = Ledger::State::kStarted, .sequence = 12},
           Ledger{.state = Ledger::State::kFinished, .sequence = 13},
           Ledger{.state = Ledger::State::kFinished},
           Ledger{.state = Ledger::State::kStartedIntent,
           .intent = 2,
           .holder = "a:b",
           .intent_time = time},
           Ledger{.state = Ledger::State::kFinishedIntent,
           .intent = 1,
           .holder = "x",
           .intent_time = time},
       }) {
    const auto parsed = ParseLedger(FormatLedger(ledger));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, ledger) << FormatLedger(ledger);
  }
}

TEST(Ledger, OtherTextsAreRefused) {
  for (const char* text : {"", "x", "s:", "s:x", "s?", "s?1", "s?x:1:h", "fs"}) {
    EXPECT_FALSE(ParseLedger(text).ok()) << text;
  }
}

}  // namespace
}  // namespace jobexec::runs
