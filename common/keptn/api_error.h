// What an answer of Keptn that is no success means, as absl::Status by the table in api.h.
#pragma once

#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/http_message.h"

namespace jobexec::keptn {

// The error that `response` (300 and above) stands for. `call` begins the message.
absl::Status ResponseError(absl::string_view call, const http::Response& response);

// The answer behind an error.
struct ErrorAnswer {
  int status = 0;
  bool from_keptn = false;  // it has Keptn's form, so no proxy on the way made it
  std::string message;      // Keptn's own words
};

// Nothing if the error was made without any answer.
std::optional<ErrorAnswer> GetErrorAnswer(const absl::Status& status);

// False if `status`, of a call, shows an outage, a missing right or a wrong address: Keptn cannot
// be used now.
bool ShowsReachable(const absl::Status& status);

// How long Keptn asks to wait before the next call: at most a minute, zero if it does not.
absl::Duration WantedPause(const absl::Status& status);

}  // namespace jobexec::keptn
