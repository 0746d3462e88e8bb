#include "reporter/answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/json/json.h"
#include "common/runs/names.h"
#include "reporter/log_text.h"
#include "reporter/results.h"

namespace jobexec::reporter {
namespace {

using Json = nlohmann::json;

constexpr char kTestTriggered[] = "sh.keptn.event.test.triggered";
constexpr char kSpecVersion[] = "0.2.4";  // of Keptn's events

std::string WholeSeconds(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", time, absl::UTCTimeZone());
}

// What every answer repeats of its event; empty fields are left out.
Json CommonData(const runs::EventFacts& facts) {
  Json data = Json::object();
  if (!facts.project.empty()) data["project"] = facts.project;
  if (!facts.stage.empty()) data["stage"] = facts.stage;
  if (!facts.service.empty()) data["service"] = facts.service;
  if (!facts.labels.empty()) data["labels"] = facts.labels;
  return data;
}

void SetUnlessEmpty(cloudevents::Event& event, absl::string_view name, absl::string_view value) {
  if (!value.empty()) cloudevents::SetAttribute(event, name, value);
}

cloudevents::Event MakeEvent(const AnswerSettings& settings, const runs::EventFacts& facts,
                             Answer answer, const Json& data, absl::Time now) {
  cloudevents::Event event;
  event.set_spec_version("1.0");
  event.set_id(AnswerIdOf(settings, facts, answer));
  event.set_source(settings.source);
  event.set_type(AnswerTypeOf(facts, answer));
  cloudevents::SetAttribute(event, "time",
                            absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", now, absl::UTCTimeZone()));
  cloudevents::SetAttribute(event, "datacontenttype", "application/json");
  cloudevents::SetAttribute(event, "triggeredid", facts.id);
  cloudevents::SetAttribute(event, "shkeptnspecversion", kSpecVersion);
  SetUnlessEmpty(event, "shkeptncontext", facts.keptn_context);
  SetUnlessEmpty(event, "gitcommitid", facts.commit);
  SetUnlessEmpty(event, "traceparent", facts.trace_parent);
  event.set_text_data(json::Dump(data));
  return event;
}

std::string Headline(const TaskStatus& task) {
  const std::string name = absl::StrCat("Task '", task.entry.task_name, "'");
  if (task.state == TaskState::kPassed) return absl::StrCat(name, " finished successfully!");
  if (task.state != TaskState::kFailed) {
    return absl::StrCat(name, " did not run because an earlier task failed.");
  }
  return absl::StrCat(
      name, task.entry.warn_on_error ? " failed (only a warning): " : " failed: ", task.message);
}

// What an answer tells of its tasks beyond their states; by the name of the Job.
struct Details {
  const TaskLogs& logs;
  const ResultNotes& notes;
};

std::string DescribeTask(const TaskStatus& task, const Details& details) {
  std::string text = absl::StrCat(Headline(task), "\n\n");
  if (task.state != TaskState::kPassed && task.state != TaskState::kFailed) return text;
  const auto note = details.notes.find(task.entry.job);
  if (note != details.notes.end()) absl::StrAppend(&text, note->second, "\n\n");
  const auto log = details.logs.find(task.entry.job);
  absl::StrAppend(&text, "Logs:\n", log == details.logs.end() ? "" : log->second, "\n\n");
  return text;
}

std::string DescribeRun(const RunStatus& run, const Details& details) {
  if (!run.refusal.empty()) {
    return absl::StrCat("Action '", run.action_name, "' was refused: ", run.refusal, "\n\n");
  }
  std::string text;
  for (const TaskStatus& task : run.tasks) absl::StrAppend(&text, DescribeTask(task, details));
  return text;
}

// In the order of the configuration. With several actions each says which one it is.
std::string Describe(const EventState& state, const Details& details) {
  if (state.anchor->record.refused) return state.anchor->record.refusal.message;
  const auto answered = [](const RunStatus& run) { return !run.silent; };
  const bool several = std::count_if(state.runs.begin(), state.runs.end(), answered) > 1;
  std::string text;
  for (const RunStatus& run : state.runs) {
    if (run.silent) continue;
    const std::string described = DescribeRun(run, details);
    if (described.empty()) continue;
    if (several && run.refusal.empty()) absl::StrAppend(&text, "Action '", run.action_name, "':\n");
    absl::StrAppend(&text, described);
  }
  return text;
}

absl::Time StartOf(const TaskStatus& task) {
  if (task.job->start_time != absl::InfinitePast()) return task.job->start_time;
  return task.job->record.create_time;
}

absl::Time EndOf(const TaskStatus& task) {
  absl::Time end = task.job->end_time;
  for (const PodPtr& pod : task.pods) {
    for (const ContainerView& container : pod->containers) {
      end = std::max(end, container.finish_time);
    }
  }
  return end;
}

// Keptn's "test" block: from the start of the first task to the end of the last.
Json TestTimes(const EventState& state, absl::Time now) {
  absl::Time start = now;
  absl::Time end = absl::InfinitePast();
  for (const RunStatus& run : state.runs) {
    for (const TaskStatus& task : run.tasks) {
      if (run.silent || task.job == nullptr) continue;
      start = std::min(start, StartOf(task));
      end = std::max(end, EndOf(task));
    }
  }
  if (end == absl::InfinitePast()) end = now;
  return {{"start", WholeSeconds(start)}, {"end", WholeSeconds(end)}};
}

// Name of Keptn's task: the second-last part of the type. Its block in the answer takes the
// results.
std::string KeptnTask(const runs::EventFacts& facts) {
  const std::string rest = facts.type.substr(0, facts.type.rfind('.'));
  return rest.substr(rest.rfind('.') + 1);
}

// Fields of an answer that no task's block may replace.
bool IsReserved(absl::string_view field) {
  for (absl::string_view own :
       {"project", "stage", "service", "labels", "result", "status", "message"}) {
    if (field == own) return true;
  }
  return false;
}

// Puts the block of the Keptn task in. Returns what is to be noted about the tasks' results.
ResultNotes AddTaskBlock(const EventState& state, bool failed, absl::Time now, Json& data) {
  const runs::EventFacts& facts = state.anchor->record.facts;
  const std::string name = KeptnTask(facts);
  if (IsReserved(name)) {
    return IgnoreResults(
        state, absl::StrCat("Result file ignored: \"", name, "\" is a field of every answer"));
  }
  const bool is_test = !failed && facts.type == kTestTriggered;
  Json block = is_test ? TestTimes(state, now) : Json::object();
  ResultNotes notes = MergeResults(state, block);
  if (!block.empty()) data[name] = std::move(block);
  return notes;
}

}  // namespace

std::string AnswerIdOf(const AnswerSettings& settings, const runs::EventFacts& facts,
                       Answer answer) {
  return runs::AnswerId(settings.installation, facts.source, facts.id, AnswerName(answer));
}

std::string AnswerTypeOf(const runs::EventFacts& facts, Answer answer) {
  const size_t dot = facts.type.rfind('.');
  return absl::StrCat(facts.type.substr(0, dot), ".", AnswerName(answer));
}

cloudevents::Event StartedEvent(const AnswerSettings& settings, const runs::EventFacts& facts,
                                absl::Time now) {
  return MakeEvent(settings, facts, Answer::kStarted, CommonData(facts), now);
}

cloudevents::Event FinishedEvent(const AnswerSettings& settings, const EventState& state,
                                 const TaskLogs& logs, absl::Time now) {
  const runs::EventFacts& facts = state.anchor->record.facts;
  const std::string result = ResultOf(state);
  Json data = CommonData(facts);
  const bool failed = result == "fail";
  data["result"] = result;
  data["status"] = StatusOf(state);
  const ResultNotes notes = AddTaskBlock(state, failed, now, data);
  const std::string message = Describe(state, {logs, notes});
  if (!message.empty()) data["message"] = KeepHeadAndTail(message, settings.max_message_bytes);
  return MakeEvent(settings, facts, Answer::kFinished, data, now);
}

std::string ResultOf(const EventState& state) {
  if (state.anchor->record.refused) return "fail";
  bool warned = false;
  for (const RunStatus& run : state.runs) {
    if (run.silent) continue;
    if (run.state == RunState::kFailed) return "fail";
    warned = warned || run.warned;
  }
  return warned ? "warning" : "pass";
}

std::string StatusOf(const EventState& state) {
  if (state.anchor->record.refused) return "errored";
  bool aborted = false;
  for (const RunStatus& run : state.runs) {
    if (run.silent || run.state != RunState::kFailed) continue;
    if (!run.aborted) return "errored";
    aborted = true;
  }
  return aborted ? "aborted" : "succeeded";
}

std::string MessageOf(const EventState& state, const TaskLogs& logs, size_t limit) {
  const ResultNotes no_notes;
  return KeepHeadAndTail(Describe(state, {logs, no_notes}), limit);
}

}  // namespace jobexec::reporter
