#include "tests/support/event_sink.h"

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/poll.h"

namespace jobexec::testing {

absl::StatusOr<std::unique_ptr<EventSink>> EventSink::Start(
    const std::string& address, int port, std::function<void(const nlohmann::json&)> on_event) {
  auto sink = std::unique_ptr<EventSink>(new EventSink(std::move(on_event)));
  http::Server::Options options;
  options.address = address;
  options.port = port;
  ASSIGN_OR_RETURN(sink->server_, http::Server::Start(std::move(options),
                                                      [s = sink.get()](const http::Request& request,
                                                                       http::Reply reply) {
                                                        s->Take(request, std::move(reply));
                                                      }));
  return sink;
}

void EventSink::Take(const http::Request& request, http::Reply reply) {
  const auto event = json::Parse(request.body);
  if (!event.ok() || !event->is_object()) {
    std::move(reply)(http::MakeProblem(400, "Bad Request", "expected a structured CloudEvent"));
    return;
  }
  {
    absl::MutexLock lock(&mutex_);
    events_.push_back(*event);
  }
  if (on_event_) on_event_(*event);
  std::move(reply)(http::MakeResponse(202, "text/plain", ""));
}

std::vector<nlohmann::json> EventSink::Events() const {
  absl::MutexLock lock(&mutex_);
  return events_;
}

std::vector<nlohmann::json> EventSink::Answers(const std::string& triggered_id,
                                               const std::string& kind) const {
  std::vector<nlohmann::json> answers;
  absl::MutexLock lock(&mutex_);
  for (const auto& event : events_) {
    if (json::GetString(event, "triggeredid") == triggered_id &&
        absl::EndsWith(json::GetString(event, "type"), "." + kind)) {
      answers.push_back(event);
    }
  }
  return answers;
}

absl::StatusOr<nlohmann::json> EventSink::WaitForAnswer(const std::string& triggered_id,
                                                        const std::string& kind,
                                                        absl::Duration timeout) const {
  std::vector<nlohmann::json> answers;
  PollUntil(
      [&] {
        answers = Answers(triggered_id, kind);
        return !answers.empty();
      },
      timeout);
  if (!answers.empty()) return answers.front();
  return absl::DeadlineExceededError(
      absl::StrCat("no .", kind, " for event ", triggered_id, " came in time"));
}

}  // namespace jobexec::testing
