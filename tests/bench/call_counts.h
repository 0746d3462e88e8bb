// Calls of the Kubernetes API by verb, read from metrics of the services and of the API server.
#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::bench {

// "patch jobs" -> number of calls
using CallCounts = std::map<std::string, double>;

// From a service's /metrics: jobexec_kube_requests_total, as "verb resource".
CallCounts CallsOfService(absl::string_view metrics);

// From the API server's /metrics: apiserver_request_total, as "VERB resource/subresource", of every
// client. Watches are not in it before they end.
CallCounts CallsOfApiServer(absl::string_view metrics);

// process_cpu_seconds_total; 0 if it is not there.
double CpuSecondsOf(absl::string_view metrics);

// `after` minus `before`, without what did not change.
CallCounts Difference(const CallCounts& after, const CallCounts& before);

}  // namespace jobexec::bench
