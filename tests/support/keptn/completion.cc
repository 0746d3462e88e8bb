#include "tests/support/keptn/completion.h"

#include <algorithm>

namespace jobexec::test_keptn {
namespace {

struct Seen {
  int finished = 0;
  int succeeded = 0;
  bool failed = false;
  bool warned = false;
  bool errored = false;
  bool aborted = false;
};

Seen Survey(const std::vector<TaskEvent>& events) {
  Seen seen;
  for (const TaskEvent& event : events) {
    if (event.kind != "finished") continue;
    ++seen.finished;
    seen.failed = seen.failed || (event.result != "pass" && event.result != "warning");
    seen.warned = seen.warned || event.result == "warning";
    seen.succeeded += event.status == "succeeded" ? 1 : 0;
    seen.errored = seen.errored || event.status == "errored";
    seen.aborted = seen.aborted || event.status == "aborted";
  }
  return seen;
}

std::string StatusOf(const Seen& seen) {
  if (seen.errored) return "errored";
  if (seen.aborted) return "aborted";
  return seen.succeeded == seen.finished ? "succeeded" : "unknown";
}

std::string ResultOf(const Seen& seen, const std::string& status) {
  if (seen.failed || status == "unknown") return "fail";
  return seen.warned ? "warning" : "pass";
}

}  // namespace

int CountKind(const std::vector<TaskEvent>& events, const std::string& kind) {
  return static_cast<int>(std::count_if(
      events.begin(), events.end(), [&](const TaskEvent& event) { return event.kind == kind; }));
}

std::optional<Outcome> CompletionOf(const std::vector<TaskEvent>& events) {
  const int finished = CountKind(events, "finished");
  if (finished == 0 || finished != CountKind(events, "started")) return std::nullopt;
  const Seen seen = Survey(events);
  const std::string status = StatusOf(seen);
  return Outcome{.result = ResultOf(seen, status), .status = status};
}

bool MayContinue(const Outcome& outcome) {
  return outcome.result != "fail" && outcome.status != "errored";
}

}  // namespace jobexec::test_keptn
