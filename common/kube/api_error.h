// The API server's refusals as absl::Status, by the table in kube_client.h.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "common/http/http_message.h"

namespace jobexec::kube {

// The error that `response` (300 and above) stands for. `call` begins the message: "create jobs/x".
absl::Status ResponseError(absl::string_view call, const http::Response& response);

// The error that a metav1.Status object stands for, e.g. in an ERROR event of a watch.
absl::Status StatusObjectError(absl::string_view call, const nlohmann::json& status_object);

}  // namespace jobexec::kube
