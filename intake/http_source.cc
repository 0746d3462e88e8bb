#include "intake/http_source.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_details.h"
#include "common/cloudevents/http_binding.h"
#include "common/telemetry/log.h"
#include "intake/filter.h"
#include "intake/http_answers.h"

namespace jobexec::intake {
namespace {

// Anyone can cause such lines.
constexpr int kRefusalLinesPerSecond = 10;
constexpr absl::Duration kBusyDelay = absl::Seconds(1);

absl::StatusOr<std::vector<cloudevents::Event>> ReadEvents(const http::Request& request) {
  auto events = cloudevents::EventsFromHttp(request);
  if (!events.ok()) return events.status();
  for (size_t i = 0; i < events->size(); ++i) {
    const absl::Status fits = CheckSize((*events)[i]);
    if (!fits.ok()) {
      return cloudevents::IsBatch(request) ? Annotate(fits, absl::StrCat("event ", i)) : fits;
    }
  }
  return events;
}

std::vector<Delivery> ToDeliveries(std::vector<cloudevents::Event> events, absl::Time now) {
  std::vector<Delivery> deliveries;
  deliveries.reserve(events.size());
  for (cloudevents::Event& event : events) {
    const bool old = IsOldByItsTime(event, now);
    deliveries.push_back({.event = std::move(event), .old = old});
  }
  return deliveries;
}

}  // namespace

struct HttpSource::Refusal {
  int status;
  absl::string_view reason;  // for metrics
  absl::string_view title;
  std::string detail;
};

HttpSource::HttpSource(absl::string_view path, Dispatcher& dispatcher, Clock& clock,
                       Metrics& metrics)
    : path_(absl::StripSuffix(path, "/")),
      dispatcher_(dispatcher),
      clock_(clock),
      metrics_(metrics),
      refusal_lines_(clock, kRefusalLinesPerSecond) {}

void HttpSource::Handle(const http::Request& request, http::Reply reply) const {
  if (!IsUnderPath(request.target)) {
    return Refuse({404, "path", "Not found",
                   absl::StrCat("events are taken at ", path_.empty() ? "/" : path_)},
                  std::move(reply));
  }
  if (request.method != "POST") {
    return Refuse({405, "method", "Method not allowed", "send events with POST"}, std::move(reply));
  }
  auto events = ReadEvents(request);
  if (!events.ok()) return Refuse(RefusalOf(events.status()), std::move(reply));

  dispatcher_.Dispatch(
      ToDeliveries(*std::move(events), clock_.TimeNow()),
      [this, batch = cloudevents::IsBatch(request),
       reply = std::move(reply)](absl::StatusOr<Dispatcher::Outcomes> outcomes) mutable {
        if (!outcomes.ok()) return Refuse(RefusalOf(outcomes.status()), std::move(reply));
        std::move(reply)(batch ? AnswerToBatch(*outcomes) : AnswerTo(outcomes->front()));
      });
}

void HttpSource::NoteRefusal(absl::string_view reason) const {
  metrics_.CountRefusal(reason);
  LogRefusal(reason, 0, "refused by the HTTP server");
}

bool HttpSource::IsUnderPath(absl::string_view target) const {
  const absl::string_view path = target.substr(0, target.find('?'));
  if (!absl::StartsWith(path, path_)) return false;
  return path.size() == path_.size() || path[path_.size()] == '/';
}

HttpSource::Refusal HttpSource::RefusalOf(const absl::Status& status) {
  const std::string detail(status.message());
  switch (status.code()) {
    case absl::StatusCode::kUnimplemented:
      return {415, "content_type", "Unsupported content type", detail};
    case absl::StatusCode::kResourceExhausted:
      return {413, "too_large", "Too large", detail};
    case absl::StatusCode::kUnavailable:
      return {503, "busy", "", detail};
    default:
      return {400, "invalid", "Not a valid CloudEvent", detail};
  }
}

void HttpSource::Refuse(const Refusal& refusal, http::Reply reply) const {
  metrics_.CountRefusal(refusal.reason);
  LogRefusal(refusal.reason, refusal.status, refusal.detail);
  http::Response response = refusal.status == 503
                                ? TryAgain(kBusyDelay, refusal.detail)
                                : http::MakeProblem(refusal.status, refusal.title, refusal.detail);
  if (refusal.status == 405) response.headers.emplace_back("Allow", "POST");
  std::move(reply)(std::move(response));
}

void HttpSource::LogRefusal(absl::string_view reason, int status, absl::string_view detail) const {
  const auto suppressed = refusal_lines_.Allow();
  if (!suppressed) return;
  log::Warning("request refused", {{"reason", std::string(reason)},
                                   {"status", absl::StrCat(status)},
                                   {"error", std::string(detail)},
                                   {"lines_suppressed", absl::StrCat(*suppressed)}});
}

}  // namespace jobexec::intake
