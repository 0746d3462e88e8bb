#include "reporter/http_sink_publisher.h"

#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/status_details.h"
#include "common/cloudevents/http_binding.h"

namespace jobexec::reporter {
namespace {

// Well below the time after which an intention counts as settled.
constexpr absl::Duration kPostTimeout = absl::Seconds(15);
constexpr size_t kMaxTokenBytes = 64 * 1024;
// Of an error's body, for the log.
constexpr size_t kMaxQuotedBytes = 200;

absl::StatusCode CodeOf(int http_status) {
  if (http_status == 401 || http_status == 403) return absl::StatusCode::kPermissionDenied;
  if (http_status == 408 || http_status == 429 || http_status >= 500) {
    return absl::StatusCode::kUnavailable;
  }
  const bool is_about_the_event = http_status == 400 || http_status == 413 || http_status == 422;
  return is_about_the_event ? absl::StatusCode::kInvalidArgument
                            : absl::StatusCode::kFailedPrecondition;
}

absl::Status RefusedBy(const http::Response& response) {
  absl::Status status(CodeOf(response.status),
                      absl::StrCat("the sink answered ", response.status, ": ",
                                   response.body.substr(0, kMaxQuotedBytes)));
  int64_t seconds = 0;
  if (absl::SimpleAtoi(http::FindHeader(response.headers, "Retry-After"), &seconds)) {
    SetRetryAfter(status, absl::Seconds(seconds));
  }
  // The sink may have taken the event before it failed.
  const bool unknown = response.status == 408 || response.status >= 500;
  if (!unknown) SetReason(status, kNotSent);
  return status;
}

}  // namespace

HttpSinkPublisher::HttpSinkPublisher(Options options, http::Client& client)
    : options_(std::move(options)), client_(client) {}

absl::StatusOr<Receipt> HttpSinkPublisher::Publish(const cloudevents::Event& event) {
  http::Request request = cloudevents::ToHttp(event, options_.url);
  if (!options_.token_file.empty()) {
    absl::StatusOr<std::string> token = ReadFile(options_.token_file, kMaxTokenBytes);
    if (!token.ok()) {
      absl::Status status = Annotate(token.status(), "the sink's token");
      SetReason(status, kNotSent);
      return status;
    }
    request.headers.emplace_back("Authorization",
                                 absl::StrCat("Bearer ", absl::StripAsciiWhitespace(*token)));
  }
  const absl::StatusOr<http::Response> response =
      client_.Send(request, kPostTimeout, /*idempotent=*/false);
  if (!response.ok()) return response.status();
  if (response->status < 200 || response->status >= 300) return RefusedBy(*response);
  return Receipt{};
}

absl::StatusOr<Finding> HttpSinkPublisher::Find(const Wanted&) {
  return absl::UnimplementedError("an HTTP sink cannot be asked what it has");
}

}  // namespace jobexec::reporter
