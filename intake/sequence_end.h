// The end of a Keptn sequence as its event tells it. Pure.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/cloudevents/event.h"
#include "common/keptn/subscription.h"

namespace jobexec::intake {

// What sh.keptn.event.<stage>.<sequence>.finished says.
struct SequenceEnd {
  std::string sequence;  // its name
  std::string keptn_context;
  keptn::EventScope scope;
  absl::Time time;     // what was triggered before belongs to the sequence
  std::string status;  // succeeded, errored, unknown, aborted
  std::string result;  // pass, warning, fail

  bool Aborted() const { return status == "aborted"; }
  // True if tasks may have been left running: the sequence was aborted, timed out or failed.
  bool IsEarly() const { return Aborted() || status == "errored" || result == "fail"; }
  // True if both tell of the same end.
  bool IsSame(const SequenceEnd& other) const;
};

// True for sh.keptn.event.<stage>.<sequence>.finished. (A task's .finished has one part less.)
bool IsSequenceEnd(absl::string_view type);

// `event` is a sequence's end. INVALID_ARGUMENT names what is missing (context, time, project,
// stage, service) or too long.
absl::StatusOr<SequenceEnd> ReadSequenceEnd(const cloudevents::Event& event);

}  // namespace jobexec::intake
