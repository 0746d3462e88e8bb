#include "common/keptn/api_error.h"

#include <algorithm>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/time.h"
#include "common/base/printable.h"
#include "common/base/status_details.h"
#include "common/json/json.h"

namespace jobexec::keptn {
namespace {

constexpr absl::Duration kLongestPause = absl::Minutes(1);
constexpr size_t kMaxShownBytes = 2048;
constexpr int64_t kMaxRetryAfterSeconds = 3600;
constexpr char kAnswerUrl[] = "jobexec.dev/keptn-answer";

// Keptn's errors are {"code": n, "message": "..."}; the older services' code is a text or missing.
ErrorAnswer ReadAnswer(const http::Response& response) {
  ErrorAnswer answer;
  answer.status = response.status;
  const auto body = json::Parse(response.body);
  if (!body.ok()) return answer;
  const std::string message = json::GetString(*body, "message");
  answer.from_keptn = !message.empty() || json::Find(*body, "code") != nullptr;
  answer.message = Printable(absl::string_view(message).substr(0, kMaxShownBytes));
  return answer;
}

// What Keptn's router says where it has no such path.
bool IsUnknownPath(const http::Response& response) {
  return absl::StartsWith(response.body, "404 page not found");
}

// A 404 of a gateway that has lost its backend must never be read as "there is no such thing".
absl::StatusCode CodeOf404(const http::Response& response, bool from_keptn) {
  if (IsUnknownPath(response)) return absl::StatusCode::kUnimplemented;
  return from_keptn ? absl::StatusCode::kNotFound : absl::StatusCode::kUnavailable;
}

absl::StatusCode CodeOf(const http::Response& response, bool from_keptn) {
  switch (response.status) {
    case 401:
    case 403:
      return absl::StatusCode::kUnauthenticated;
    case 404:
      return CodeOf404(response, from_keptn);
    case 405:
    case 501:
      return absl::StatusCode::kUnimplemented;
    case 409:
      return absl::StatusCode::kAborted;
    case 424:
      return absl::StatusCode::kFailedPrecondition;
    case 408:
    case 429:
      return absl::StatusCode::kUnavailable;
    default:
      if (response.status < 400) return absl::StatusCode::kFailedPrecondition;
      return response.status < 500 ? absl::StatusCode::kInvalidArgument
                                   : absl::StatusCode::kUnavailable;
  }
}

// 408 and 409 leave it open whether something was taken, and so do all 5xx but 501.
bool IsNotTaken(int status) {
  return (status < 500 && status != 408 && status != 409) || status == 501;
}

absl::string_view Advice(int status) {
  if (status < 400) {
    return " (a redirect, which is not followed: set KEPTN_API_ENDPOINT to the address behind it)";
  }
  if (status == 401 || status == 403) return " (check KEPTN_API_TOKEN and the OAUTH_ settings)";
  if (status == 429) return " (too many calls, or the gateway cannot check who calls)";
  return "";
}

void AddRetryAfter(const http::Response& response, absl::Status& status) {
  int64_t seconds = 0;
  if (absl::SimpleAtoi(http::FindHeader(response.headers, "Retry-After"), &seconds)) {
    SetRetryAfter(status, absl::Seconds(std::clamp<int64_t>(seconds, 0, kMaxRetryAfterSeconds)));
  }
}

}  // namespace

absl::Status ResponseError(absl::string_view call, const http::Response& response) {
  const ErrorAnswer answer = ReadAnswer(response);
  absl::Status status(
      CodeOf(response, answer.from_keptn),
      absl::StrCat(call, ": Keptn answered ", answer.status, answer.message.empty() ? "" : ": ",
                   answer.message, Advice(answer.status)));
  const std::string payload =
      absl::StrCat(answer.status, " ", answer.from_keptn ? "1" : "0", " ", answer.message);
  status.SetPayload(kAnswerUrl, absl::Cord(payload));
  if (IsNotTaken(answer.status)) SetReason(status, "NOT_SENT");
  AddRetryAfter(response, status);
  return status;
}

std::optional<ErrorAnswer> GetErrorAnswer(const absl::Status& status) {
  const auto payload = status.GetPayload(kAnswerUrl);
  if (!payload.has_value()) return std::nullopt;
  const std::string text(*payload);
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(' ', 2));
  ErrorAnswer answer;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &answer.status)) return std::nullopt;
  answer.from_keptn = parts[1] == "1";
  answer.message = parts[2];
  return answer;
}

bool ShowsReachable(const absl::Status& status) {
  // An answer that is too large is one.
  if (status.ok() || absl::IsResourceExhausted(status)) return true;
  const auto answer = GetErrorAnswer(status);
  if (!answer.has_value() || answer->status < 400) return false;
  // One request that Keptn fails at is no outage.
  if (answer->status == 500) return answer->from_keptn;
  return !absl::IsUnavailable(status) && !absl::IsUnauthenticated(status);
}

absl::Duration WantedPause(const absl::Status& status) {
  return std::min(GetRetryAfter(status).value_or(absl::ZeroDuration()), kLongestPause);
}

}  // namespace jobexec::keptn
