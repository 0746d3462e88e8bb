// Keptn's events over HTTP: what is offered, what is counted, and how to answer.
#pragma once

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/cloudevents/event.h"
#include "common/keptn/api.h"
#include "common/keptn/subscription.h"

namespace jobexec::keptn {

// The open offers of one type at one moment.
struct Offers {
  std::vector<cloudevents::Event> events;  // newest first
  int invalid = 0;                         // entries that are no CloudEvent; logged and left out
  bool complete = true;  // false if there were more than one page holds: absence proves nothing
  absl::Time now;        // of the server; ours if it does not say
};

// All open ".triggered" events of a type, which has no wildcards. One large page: Keptn's paging
// repeats the first one. A filter list with exactly one value goes into the query; the caller
// filters the rest (Matches). Errors: see Api. NOT_FOUND: the project does not exist.
absl::StatusOr<Offers> ListOffers(Api& api, absl::string_view type,
                                  const SubscriptionFilter& filter, Clock& clock);

// True if the event is still offered, i.e. its task is neither complete nor ended. A project that
// does not exist any more offers nothing. Errors: see Api.
absl::StatusOr<bool> IsOpen(Api& api, absl::string_view type, absl::string_view project,
                            absl::string_view event_id);

// Hands an answer to Keptn. NOT idempotent: Keptn replaces id and time, and counts a repeat of a
// .started as a second one. Errors: see Api; one without reason NOT_SENT: it may have been taken.
// INVALID_ARGUMENT also for an event without type, source or a JSON object as data.
absl::Status PostEvent(Api& api, const cloudevents::Event& event);

// Which task Keptn waits for and what it has counted for it.
enum class Counted {
  kStored,  // an event of that type from our source is counted for this task
  kAbsent,  // the task is current and has none
  kMoot,    // the task is not current any more, or never was: nothing more is counted
};

struct AnswerQuery {
  std::string project;
  std::string stage;
  std::string keptn_context;
  std::string triggered_id;
  std::string type;    // of the answer
  std::string source;  // of the answer
};

// Asks the controller (GET /v1/sequence-execution), the very list that its completion rule counts.
// Errors: see Api. NOT_FOUND the project does not exist; UNIMPLEMENTED this Keptn has no such
// endpoint; INTERNAL the answer has another form.
absl::StatusOr<Counted> AskController(Api& api, const AnswerQuery& query);

// True if the event store has the answer. It may lag and lose events: absence is no proof. Errors:
// see Api.
absl::StatusOr<bool> AskDatastore(Api& api, const AnswerQuery& query);

}  // namespace jobexec::keptn
