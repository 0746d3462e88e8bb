#include "common/kube/api_error.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/json/json.h"

namespace jobexec::kube {
namespace {

constexpr size_t kMaxMessageBytes = 2048;
constexpr int64_t kMaxRetryAfterSeconds = 3600;

// What is known about a refusal, wherever it came from.
struct Refusal {
  int code = 0;        // as an HTTP status
  std::string reason;  // of metav1.Status, e.g. "AlreadyExists"
  std::string message;
  std::optional<int64_t> retry_after_seconds;
};

void ReadStatusObject(const nlohmann::json& object, Refusal& refusal) {
  refusal.code = static_cast<int>(json::GetInt(object, "code", refusal.code));
  refusal.reason = json::GetString(object, "reason");
  refusal.message = json::GetString(object, "message");
  const nlohmann::json* details = json::Find(object, "details");
  const int64_t seconds = details == nullptr ? -1 : json::GetInt(*details, "retryAfterSeconds", -1);
  if (seconds > 0) refusal.retry_after_seconds = seconds;
}

// Some refusals are plain text: those of the priority and fairness filter, and of proxies.
Refusal ReadResponse(const http::Response& response) {
  Refusal refusal;
  const auto object = json::Parse(response.body);
  if (object.ok() && json::GetString(*object, "kind") == "Status") {
    ReadStatusObject(*object, refusal);
  } else if (absl::StartsWith(http::FindHeader(response.headers, "Content-Type"), "text/plain")) {
    refusal.message = response.body;
  }
  refusal.code = response.status;
  int64_t seconds = 0;
  if (absl::SimpleAtoi(http::FindHeader(response.headers, "Retry-After"), &seconds)) {
    refusal.retry_after_seconds = seconds;
  }
  return refusal;
}

absl::StatusCode CodeOf(const Refusal& refusal) {
  switch (refusal.code) {
    case 401:
      return absl::StatusCode::kUnauthenticated;
    case 403:
      return absl::StatusCode::kPermissionDenied;
    case 404:
      return absl::StatusCode::kNotFound;
    case 409:
      return refusal.reason == "AlreadyExists" ? absl::StatusCode::kAlreadyExists
                                               : absl::StatusCode::kAborted;
    case 410:
      return absl::StatusCode::kOutOfRange;
    case 413:
      return absl::StatusCode::kResourceExhausted;
    case 408:
    case 429:
      return absl::StatusCode::kUnavailable;
    default:
      return refusal.code >= 400 && refusal.code < 500 ? absl::StatusCode::kInvalidArgument
                                                       : absl::StatusCode::kUnavailable;
  }
}

std::string ReasonOf(const Refusal& refusal) {
  if (refusal.code == 413) return "TOO_LARGE";
  if (refusal.code == 403 && absl::StrContains(refusal.message, "exceeded quota")) return "QUOTA";
  if (refusal.code == 403 && absl::StrContains(refusal.message, "because it is being terminated")) {
    return "TERMINATING";
  }
  return refusal.reason;
}

absl::Status MakeError(absl::string_view call, const Refusal& refusal) {
  const absl::string_view text = absl::StripAsciiWhitespace(refusal.message);
  absl::Status status(CodeOf(refusal),
                      absl::StrCat(call, ": the API server answered ", refusal.code,
                                   refusal.reason.empty() ? "" : " ", refusal.reason,
                                   text.empty() ? "" : ": ", text.substr(0, kMaxMessageBytes)));
  const std::string reason = ReasonOf(refusal);
  if (!reason.empty()) SetReason(status, reason);
  if (refusal.retry_after_seconds.has_value()) {
    SetRetryAfter(status, absl::Seconds(std::clamp<int64_t>(*refusal.retry_after_seconds, 0,
                                                            kMaxRetryAfterSeconds)));
  }
  return status;
}

}  // namespace

absl::Status ResponseError(absl::string_view call, const http::Response& response) {
  return MakeError(call, ReadResponse(response));
}

absl::Status StatusObjectError(absl::string_view call, const nlohmann::json& status_object) {
  Refusal refusal;
  ReadStatusObject(status_object, refusal);
  return MakeError(call, refusal);
}

}  // namespace jobexec::kube
