#include "reporter/answers.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "reporter/results.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using namespace testing;  // NOLINT: builders of this folder
using Json = nlohmann::json;

AnswerSettings Settings() { return {.installation = "jobexec", .source = "job-executor-service"}; }

Json Structured(const cloudevents::Event& event) {
  return Json::parse(cloudevents::ToStructuredJson(event), nullptr, false);
}

JobView FullAnchor() {
  JobView view = Passed(Anchor({Entry(0, 1)}));
  view.record.facts.labels = {{"build", "42"}};
  view.record.facts.commit = "9f1e";
  view.record.facts.trace_parent = "00-aa-bb-01";
  return view;
}

Json Finished(const EventState& state, const TaskLogs& logs = {}) {
  return Structured(FinishedEvent(Settings(), state, logs, At(200)));
}

TEST(Answers, Started) {
  const Json event = Structured(StartedEvent(Settings(), FullAnchor().record.facts, At(7)));

  EXPECT_EQ(event, Json({{"specversion", "1.0"},
                         {"id", runs::AnswerId("jobexec", "src", "event-1", "started")},
                         {"source", "job-executor-service"},
                         {"type", "sh.keptn.event.deploy.started"},
                         {"time", "2023-11-14T22:13:27Z"},
                         {"datacontenttype", "application/json"},
                         {"triggeredid", "event-1"},
                         {"shkeptncontext", "context-1"},
                         {"shkeptnspecversion", "0.2.4"},
                         {"gitcommitid", "9f1e"},
                         {"traceparent", "00-aa-bb-01"},
                         {"data",
                          {{"project", "sockshop"},
                           {"stage", "dev"},
                           {"service", "carts"},
                           {"labels", {{"build", "42"}}}}}}));
}

TEST(Answers, StandaloneEventsAreAnsweredToo) {
  runs::EventFacts facts;
  facts.id = "1";
  facts.source = "src";
  facts.type = "com.example.triggered";

  const Json event = Structured(StartedEvent(Settings(), facts, At(0)));

  EXPECT_EQ(event["type"], "com.example.started");
  EXPECT_FALSE(event.contains("shkeptncontext"));
  EXPECT_FALSE(event.contains("gitcommitid"));
  EXPECT_EQ(event["data"], Json::object());
}

TEST(Answers, FinishedAfterSuccess) {
  const EventState state = Fold(Snapshot({FullAnchor()}));

  const Json event = Finished(state, {{JobName(0, 1), "Container c of pod p:\nhello\n\n\n"}});

  EXPECT_EQ(event["id"], runs::AnswerId("jobexec", "src", "event-1", "finished"));
  EXPECT_EQ(event["type"], "sh.keptn.event.deploy.finished");
  EXPECT_EQ(event["data"], Json({{"project", "sockshop"},
                                 {"stage", "dev"},
                                 {"service", "carts"},
                                 {"labels", {{"build", "42"}}},
                                 {"status", "succeeded"},
                                 {"result", "pass"},
                                 {"message",
                                  "Task 'task1' finished successfully!\n\nLogs:\n"
                                  "Container c of pod p:\nhello\n\n\n\n\n"}}));
}

TEST(Answers, TestFinishedHasItsTimes) {
  JobView anchor = FullAnchor();
  anchor.record.facts.type = "sh.keptn.event.test.triggered";
  anchor.record.manifest.push_back(Entry(0, 2));
  anchor.start_time = At(3);
  const JobView second = Released(Member(0, 2));
  const EventState state = Fold(Snapshot({anchor, second}, {Ended(Pod(second), 0, 150)}));

  const Json event = Finished(state);

  EXPECT_EQ(event["data"]["test"],
            Json({{"start", "2023-11-14T22:13:20Z"}, {"end", "2023-11-14T22:15:50Z"}}));
}

TEST(Answers, FailedTestsHaveNoTimes) {
  JobView anchor = Failed(FullAnchor());
  anchor.record.facts.type = "sh.keptn.event.test.triggered";
  EXPECT_FALSE(Finished(Fold(Snapshot({anchor})))["data"].contains("test"));
}

TEST(Answers, FailureSaysWhatFailedAndWhatDidNotRun) {
  const JobView first = Passed(Anchor({Entry(0, 1), Entry(0, 2), Entry(0, 3)}));
  const JobView second = Released(Member(0, 2));
  const EventState state = Fold(Snapshot({first, second, Member(0, 3)}, {Ended(Pod(second), 3)}));

  const Json data = Finished(state, {{JobName(0, 1), "one"}, {JobName(0, 2), "two"}})["data"];

  EXPECT_EQ(data["status"], "errored");
  EXPECT_EQ(data["result"], "fail");
  EXPECT_EQ(
      data["message"],
      "Task 'task1' finished successfully!\n\nLogs:\none\n\n"
      "Task 'task2' failed: job jes-3b86cd6bf79642a53842ee86-000-002-0a1b2c3d failed. Reason: "
      "Error, Message: container main exited with code 3\n\nLogs:\ntwo\n\n"
      "Task 'task3' did not run because an earlier task failed.\n\n");
}

// The worst run decides; silent ones do not count. Original: only the first action ran.
TEST(Answers, AggregatesRuns) {
  runs::ManifestEntry warn = Entry(1, 1);
  warn.warn_on_error = true;
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView both = Passed(Anchor({Entry(0, 1), Entry(1, 1)}));
  const JobView warned = Passed(Anchor({Entry(0, 1), warn}));
  const JobView mixed = Passed(Anchor({Entry(0, 1), silent}));
  const JobView passed = Passed(Released(Member(1, 1)));
  const JobView failed = Failed(Released(Member(1, 1)));
  const struct {
    const char* name;
    std::vector<JobView> jobs;
    const char* result;
    const char* status;
  } cases[] = {
      {"both pass", {both, passed}, "pass", "succeeded"},
      {"one fails", {both, failed}, "fail", "errored"},
      {"one warns", {warned, failed}, "warning", "succeeded"},
      {"fail beats warning", {Failed(warned), failed}, "fail", "errored"},
      {"a silent one fails", {mixed, failed}, "pass", "succeeded"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const Json data = Finished(Fold(Snapshot(test.jobs)))["data"];
    EXPECT_EQ(data["result"], test.result);
    EXPECT_EQ(data["status"], test.status);
  }
}

// How Keptn adds up executors: an error beats an abort, an abort beats success. A run that was
// stopped is no success, so the result is "fail" and the next task does not run.
TEST(Answers, AbortedIsWhatWasStoppedBecauseTheSequenceEnded) {
  const auto marked = [](JobView anchor, bool sequence_ended) {
    anchor.record.cancels = {{.by = "x", .why = "y", .sequence_ended = sequence_ended}};
    return anchor;
  };
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView both = Anchor({Entry(0, 1), Entry(1, 1)});
  const JobView with_silent = Anchor({Entry(0, 1), silent});
  const JobView second = Released(Member(1, 1));
  const JobView stopped = Stopped(second, "cancelled");
  const struct {
    const char* name;
    std::vector<JobView> jobs;
    const char* result;
    const char* status;
  } cases[] = {
      {"both stopped", {Stopped(marked(both, true), "c"), stopped}, "fail", "aborted"},
      {"stopped by hand", {Stopped(marked(both, false), "c"), stopped}, "fail", "errored"},
      {"one had failed", {Failed(marked(both, true)), stopped}, "fail", "errored"},
      {"one had passed", {Passed(marked(both, true)), stopped}, "fail", "aborted"},
      {"both had passed", {Passed(marked(both, true)), Passed(second)}, "pass", "succeeded"},
      {"the second had not begun",
       {Passed(marked(Anchor({Entry(0, 1), Entry(0, 2)}), true)), Gone(Member(0, 2))},
       "fail",
       "aborted"},
      {"a Job that somebody deleted",
       {Passed(marked(both, true)), Gone(second)},
       "fail",
       "errored"},
      {"only a silent one", {Passed(marked(with_silent, true)), stopped}, "pass", "succeeded"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const Json data = Finished(Fold(Snapshot(test.jobs)))["data"];
    EXPECT_EQ(data["result"], test.result);
    EXPECT_EQ(data["status"], test.status);
  }
}

TEST(Answers, AMarkOfOneActionAbortsOnlyThat) {
  JobView anchor = Stopped(Anchor({Entry(0, 1), Entry(1, 1)}), "by hand");
  anchor.record.cancels = {{.by = "alice", .action = 0},
                           {.by = "keptn", .action = 1, .sequence_ended = true}};
  const EventState state =
      Fold(Snapshot({anchor, Stopped(Released(Member(1, 1)), "sequence aborted")}));
  EXPECT_FALSE(state.runs[0].aborted);
  EXPECT_TRUE(state.runs[1].aborted);
  EXPECT_EQ(StatusOf(state), "errored");
}

TEST(Answers, MessagesOfSeveralActionsAreInConfigOrder) {
  const runs::ManifestEntry refused{
      .action = 2, .action_name = "third", .refusal = "image x is not allowed"};
  const JobView anchor = Passed(Anchor({Entry(0, 1), Entry(1, 1), refused}));
  const EventState state = Fold(Snapshot({anchor, Passed(Released(Member(1, 1)))}));

  EXPECT_EQ(Finished(state)["data"]["message"],
            "Action 'action0':\nTask 'task1' finished successfully!\n\nLogs:\n\n\n"
            "Action 'action1':\nTask 'task1' finished successfully!\n\nLogs:\n\n\n"
            "Action 'third' was refused: image x is not allowed\n\n");
}

TEST(Answers, SilentActionsSayNothing) {
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView anchor = Passed(Anchor({Entry(0, 1), silent}));
  const EventState state = Fold(Snapshot({anchor, Failed(Released(Member(1, 1)))}));

  EXPECT_THAT(Finished(state)["data"]["message"].get<std::string>(), Not(HasSubstr("action")));
}

TEST(Answers, WarningsSaySo) {
  runs::ManifestEntry warn = Entry(0, 1);
  warn.warn_on_error = true;
  const EventState state = Fold(Snapshot({Failed(Anchor({warn}))}));

  EXPECT_THAT(Finished(state)["data"]["message"].get<std::string>(),
              HasSubstr("Task 'task1' failed (only a warning): job "));
}

PodView Wrote(PodView pod, const char* text) {
  pod.containers[0].message = text;
  return pod;
}

JobView WithResultFile(JobView job, const char* type) {
  job.result_container = "main";
  job.record.facts.type = type;
  return job;
}

TEST(Answers, ResultsStandUnderTheKeptnTask) {
  const JobView job = WithResultFile(Anchor({Entry(0, 1)}), "sh.keptn.event.deploy.triggered");
  const EventState state =
      Fold(Snapshot({job}, {Wrote(Ended(Pod(job), 0), R"({"url":"http://x"})")}));

  const Json data = Finished(state)["data"];

  EXPECT_EQ(data["deploy"], Json({{"url", "http://x"}}));
  EXPECT_EQ(data["message"], "Task 'task1' finished successfully!\n\nLogs:\n\n\n");
}

TEST(Answers, ResultsDoNotReplaceTheTimesOfATest) {
  const JobView job = WithResultFile(Anchor({Entry(0, 1)}), "sh.keptn.event.test.triggered");
  const EventState state =
      Fold(Snapshot({job}, {Wrote(Ended(Pod(job), 0), R"({"start":"never","passed":12})")}));

  const Json data = Finished(state)["data"];

  EXPECT_EQ(data["test"]["passed"], 12);
  EXPECT_EQ(data["test"]["start"], "2023-11-14T22:13:20Z");
  EXPECT_EQ(data["message"],
            "Task 'task1' finished successfully!\n\nKeys of the result file ignored: start (set "
            "before)\n\nLogs:\n\n\n");
}

TEST(Answers, ResultsDoNotReplaceAFieldOfTheAnswer) {
  for (const char* name : {"project", "labels", "result", "status", "message"}) {
    SCOPED_TRACE(name);
    const std::string type = absl::StrCat("sh.keptn.event.", name, ".triggered");
    const JobView job = WithResultFile(Anchor({Entry(0, 1)}), type.c_str());
    const EventState state = Fold(Snapshot({job}, {Wrote(Ended(Pod(job), 0), R"({"a":1})")}));

    const Json data = Finished(state)["data"];

    EXPECT_FALSE(data.contains(name) && data[name].is_object());
    EXPECT_THAT(data["message"].get<std::string>(),
                HasSubstr(absl::StrCat("\"", name, "\" is a field of every answer")));
  }
}

// The data of the triggered event is never repeated: Keptn would put its lists in front of
// themselves.
TEST(Answers, OnlyNewKeysAreInTheData) {
  const Json event = Finished(Fold(Snapshot({FullAnchor()})));
  std::vector<std::string> keys;
  for (const auto& [key, value] : event["data"].items()) keys.push_back(key);
  EXPECT_THAT(keys, ::testing::ElementsAre("labels", "message", "project", "result", "service",
                                           "stage", "status"));
}

// All that may be in an answer at once, in the 1 MiB that NATS carries.
TEST(Answers, TheLargestAnswerFitsIntoNats) {
  JobView anchor = WithResultFile(FullAnchor(), "sh.keptn.event.deploy.triggered");
  anchor.record.facts.labels = {{"all", std::string(runs::kMaxAnnotationBytes, 'l')}};
  PodView pod = Ended(Pod(anchor), 0);
  pod.containers[0].message = Json({{"k", std::string(4000, 'r')}}).dump();
  const EventState state = Fold(Snapshot({anchor}, {pod}));

  const cloudevents::Event event =
      FinishedEvent(Settings(), state, {{JobName(0, 1), std::string(2'000'000, '\x01')}}, At(200));

  EXPECT_LE(cloudevents::ToStructuredJson(event).size() + kMaxResultBytes, 1024u * 1024u);
}

TEST(Answers, AMessageIsCutToItsLimit) {
  AnswerSettings settings = Settings();
  settings.max_message_bytes = 1000;
  const EventState state = Fold(Snapshot({FullAnchor()}));

  const Json event = Structured(FinishedEvent(
      settings, state, {{JobName(0, 1), std::string(5000, '"') + "the end"}}, At(200)));

  EXPECT_LE(event["data"]["message"].dump().size(), 1002);
  EXPECT_THAT(event["data"]["message"].get<std::string>(),
              AllOf(HasSubstr("Task 'task1'"), HasSubstr("bytes cut"), HasSubstr("the end")));
}

TEST(Answers, Refusal) {
  JobView record = Anchor({});
  record.record.refused = true;
  record.record.refusal = {9, "CONFIG_INVALID", "job/config.yaml:3:5: unknown field"};

  const Json data = Finished(Fold(Snapshot({record})))["data"];

  EXPECT_EQ(data["status"], "errored");
  EXPECT_EQ(data["result"], "fail");
  EXPECT_EQ(data["message"], "job/config.yaml:3:5: unknown field");
}

TEST(Answers, AnActionWithoutTasksPassesWithoutMessage) {
  JobView record = Anchor({{.action = 0, .action_name = "empty"}});

  const Json data = Finished(Fold(Snapshot({record})))["data"];

  EXPECT_EQ(data["result"], "pass");
  EXPECT_FALSE(data.contains("message"));
}

}  // namespace
}  // namespace jobexec::reporter
