// The CloudEvents that answer an event, in Keptn's shape. Pure.
#pragma once

#include <map>
#include <string>

#include "absl/time/time.h"
#include "common/cloudevents/event.h"
#include "reporter/answer_steps.h"
#include "reporter/run_state.h"

namespace jobexec::reporter {

struct AnswerSettings {
  std::string
      installation;    // goes into the ids: two installations do not suppress each other's answers
  std::string source;  // CloudEvent source
  // Bytes that the message may take inside the event: all logs fit in, and it into what carries it.
  size_t max_message_bytes = 768 * 1024;
};

// Logs of tasks by the name of their Job.
using TaskLogs = std::map<std::string, std::string>;

// Id of an answer, and its type: that of the event with the last part replaced.
std::string AnswerIdOf(const AnswerSettings& settings, const runs::EventFacts& facts,
                       Answer answer);
std::string AnswerTypeOf(const runs::EventFacts& facts, Answer answer);

cloudevents::Event StartedEvent(const AnswerSettings& settings, const runs::EventFacts& facts,
                                absl::Time now);

// The answer for all runs that are not silent; they have to be decided. `state.anchor` is not null.
cloudevents::Event FinishedEvent(const AnswerSettings& settings, const EventState& state,
                                 const TaskLogs& logs, absl::Time now);

// "pass", "warning" or "fail": what FinishedEvent says. Runs that are not decided count as passed.
std::string ResultOf(const EventState& state);

// Likewise "succeeded"; "errored" if something failed; "aborted" if nothing did but runs were
// stopped because Keptn's sequence has ended.
std::string StatusOf(const EventState& state);

// What FinishedEvent tells people, without what it says of result files; at most `limit` bytes
// inside a JSON string.
std::string MessageOf(const EventState& state, const TaskLogs& logs, size_t limit);

}  // namespace jobexec::reporter
