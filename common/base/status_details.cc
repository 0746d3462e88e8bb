#include "common/base/status_details.h"

#include <string>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"

namespace jobexec {
namespace {

constexpr char kRetryAfterUrl[] = "jobexec.dev/retry-after";
constexpr char kReasonUrl[] = "jobexec.dev/reason";

}  // namespace

void SetRetryAfter(absl::Status& status, absl::Duration delay) {
  // A Cord of a temporary string would be made by a template, which clang 18 and later names
  // otherwise than the gcc that built the library.
  const std::string text = absl::FormatDuration(delay);
  status.SetPayload(kRetryAfterUrl, absl::Cord(text));
}

std::optional<absl::Duration> GetRetryAfter(const absl::Status& status) {
  auto payload = status.GetPayload(kRetryAfterUrl);
  absl::Duration delay;
  if (!payload.has_value() || !absl::ParseDuration(std::string(*payload), &delay)) {
    return std::nullopt;
  }
  return delay;
}

void SetReason(absl::Status& status, absl::string_view reason) {
  status.SetPayload(kReasonUrl, absl::Cord(reason));
}

std::string GetReason(const absl::Status& status) {
  auto payload = status.GetPayload(kReasonUrl);
  return payload.has_value() ? std::string(*payload) : std::string();
}

bool IsTransient(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kAborted:
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnknown:
    case absl::StatusCode::kInternal:
      return true;
    default:
      return false;
  }
}

absl::Status Annotate(absl::Status status, absl::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), absl::StrCat(context, ": ", status.message()));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace jobexec
