#include "intake/http_answers.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "common/rpc/outcome_name.h"
#include "common/rpc/time.h"
#include "intake/metrics.h"

namespace jobexec::intake {
namespace {

using Json = nlohmann::ordered_json;

Json RunToJson(const EventOutcome::Run& run) {
  Json json;
  json["action"] = run.action();
  json["jobs"] = Json::array();
  for (const std::string& job : run.jobs()) json["jobs"].push_back(job);
  json["silent"] = run.silent();
  return json;
}

std::string CodeName(int code) {
  return absl::StatusCodeToString(static_cast<absl::StatusCode>(code));
}

Json OutcomeToJson(const EventOutcome& outcome) {
  Json json;
  json["outcome"] = std::string(rpc::OutcomeName(outcome.outcome_case()));
  if (outcome.has_accepted()) {
    json["runs"] = Json::array();
    for (const auto& run : outcome.accepted().runs()) json["runs"].push_back(RunToJson(run));
    json["alreadyKnown"] = outcome.accepted().already_known();
  } else if (outcome.has_ignored()) {
    json["reason"] = outcome.ignored().reason();
  } else {
    const EventOutcome::Rejected& rejected = outcome.rejected();
    json["recorded"] = rejected.recorded();
    json["code"] = CodeName(rejected.code());
    json["reason"] = rejected.reason();
    json["message"] = rejected.message();
  }
  return json;
}

http::Response Decided(const Json& body) {
  return http::MakeResponse(202, "application/json",
                            body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n");
}

http::Response NotRecorded(const EventOutcome::Rejected& rejected) {
  const bool taken = rejected.code() == static_cast<int>(absl::StatusCode::kAlreadyExists);
  return http::MakeProblem(
      taken ? 409 : 422, taken ? "Event conflicts with another" : "Event cannot run",
      absl::StrCat(rejected.reason(), rejected.reason().empty() ? "" : ": ", rejected.message()));
}

}  // namespace

http::Response AnswerTo(const EventOutcome& outcome) {
  if (outcome.has_retry())
    return TryAgain(rpc::FromWire(outcome.retry().delay()), outcome.retry().reason());
  if (outcome.has_rejected() && !outcome.rejected().recorded()) {
    return NotRecorded(outcome.rejected());
  }
  return Decided(OutcomeToJson(outcome));
}

http::Response AnswerToBatch(const std::vector<EventOutcome>& outcomes) {
  Json decided = Json::array();
  const EventOutcome* undecided = nullptr;
  absl::Duration delay;
  for (const EventOutcome& outcome : outcomes) {
    if (outcome.has_retry()) {
      if (undecided == nullptr) undecided = &outcome;
      delay = std::max(delay, rpc::FromWire(outcome.retry().delay()));
    } else {
      decided.push_back(OutcomeToJson(outcome));
    }
  }
  if (undecided == nullptr) return Decided({{"outcomes", std::move(decided)}});
  return TryAgain(delay, absl::StrCat(outcomes.size() - decided.size(), " of ", outcomes.size(),
                                      " events are not decided: ", undecided->retry().reason()));
}

http::Response TryAgain(absl::Duration delay, absl::string_view detail) {
  http::Response response =
      http::MakeProblem(503, "Not decided yet: send the same again, nothing runs twice", detail);
  const int64_t seconds = absl::ToInt64Seconds(absl::Ceil(delay, absl::Seconds(1)));
  response.headers.emplace_back("Retry-After", absl::StrCat(std::max<int64_t>(1, seconds)));
  return response;
}

}  // namespace jobexec::intake
