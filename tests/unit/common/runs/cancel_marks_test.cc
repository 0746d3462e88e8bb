#include "common/runs/cancel_marks.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace jobexec::runs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using json = nlohmann::json;

JobRecord Record(Ledger::State state) {
  JobRecord record;
  record.uid = "u1";
  record.resource_version = "42";
  record.ledger.state = state;
  record.manifest = {{.job = "a", .action = 0, .task = 1},
                     {.job = "b", .action = 1, .task = 1, .silent = true},
                     {.job = "c", .action = 1, .task = 2, .silent = true}};
  return record;
}

json Ended(const char* type) {
  return {{"status", {{"conditions", {{{"type", type}, {"status", "True"}}}}}}};
}

TEST(CancelMarks, WhatIsOpen) {
  const json runs = json::object();
  JobRecord held = Record(Ledger::State::kFinished);
  held.has_answer_finalizer = true;
  JobRecord refused = held;
  refused.refused = true;
  JobRecord deleting = Record(Ledger::State::kNone);
  deleting.delete_time = absl::UnixEpoch();
  const JobRecord free = Record(Ledger::State::kNone);
  EXPECT_TRUE(IsOpen(runs, held));
  EXPECT_FALSE(IsOpen(runs, refused));
  EXPECT_FALSE(IsOpen(runs, Record(Ledger::State::kFinished)));
  EXPECT_FALSE(IsOpen(runs, deleting));
  EXPECT_TRUE(IsOpen(runs, free));
  EXPECT_FALSE(IsOpen(Ended("Complete"), free));
  EXPECT_FALSE(IsOpen(Ended("FailureTarget"), free));
  EXPECT_TRUE(IsOpen(Ended("Suspended"), free));
}

TEST(CancelMarks, OneMarkIfAllActionsAreMeant) {
  const Cancel all = {.by = "alice"};
  const CancelSelection selection = SelectActions(Record(Ledger::State::kStarted), all, true);
  EXPECT_THAT(selection.actions, ElementsAre(0, 1));
  EXPECT_THAT(selection.marks, ElementsAre(all));
}

TEST(CancelMarks, OneMarkForEachActionThatOwesAnAnswer) {
  const Cancel all = {.by = "keptn", .sequence_ended = true};
  const CancelSelection selection = SelectActions(Record(Ledger::State::kStarted), all, false);
  EXPECT_THAT(selection.actions, ElementsAre(0));
  EXPECT_THAT(selection.marks,
              ElementsAre(Cancel{.by = "keptn", .action = 0, .sequence_ended = true}));
  for (const auto state : {Ledger::State::kNone, Ledger::State::kFinished}) {
    EXPECT_THAT(SelectActions(Record(state), all, false).marks, IsEmpty());
  }
}

TEST(CancelMarks, OfOneActionOnlyItself) {
  const Cancel second = {.by = "alice", .action = 1};
  EXPECT_THAT(SelectActions(Record(Ledger::State::kStarted), second, true).marks,
              ElementsAre(second));
}

TEST(CancelMarks, WhatTheAnchorHasIsNotMissing) {
  JobRecord record = Record(Ledger::State::kStarted);
  record.cancels = {{.by = "bob", .action = 1}};
  const Cancel first = {.action = 0};
  const Cancel second = {.action = 1};
  EXPECT_THAT(MissingMarks({first, second}, record), ElementsAre(first));
  EXPECT_THAT(MissingMarks({Cancel{}}, record), ElementsAre(Cancel{}));
}

TEST(CancelMarks, ThePatchAddsToWhatIsThereAndTestsIt) {
  JobRecord record = Record(Ledger::State::kStarted);
  const json bare = {{"metadata", {{"annotations", {{kLedgerAnnotation, "s"}}}}}};
  const Cancel mark = {.by = "alice", .time = absl::UnixEpoch()};

  const json first = CancelPatch(bare, record, {mark});
  EXPECT_EQ(first[0], json({{"op", "test"}, {"path", "/metadata/uid"}, {"value", "u1"}}));
  EXPECT_EQ(first[1],
            json({{"op", "test"}, {"path", "/metadata/resourceVersion"}, {"value", "42"}}));
  EXPECT_EQ(first[2]["op"], "add");
  EXPECT_EQ(first[2]["path"], AnnotationPath(kCancelAnnotation));
  EXPECT_EQ(first[2]["value"], FormatCancels({mark}));

  json marked = bare;
  marked["metadata"]["annotations"][kCancelAnnotation] = "by hand";
  record.cancels = ParseCancels("by hand");
  const json second = CancelPatch(marked, record, {mark});
  EXPECT_EQ(second[1]["path"], AnnotationPath(kCancelAnnotation));
  EXPECT_EQ(second[1]["value"], "by hand");
  EXPECT_EQ(second[2]["value"], FormatCancels({Cancel{.why = "by hand"}, mark}));
}

}  // namespace
}  // namespace jobexec::runs
