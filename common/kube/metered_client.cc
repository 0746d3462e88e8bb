#include "common/kube/metered_client.h"

#include <prometheus/counter.h>
#include <prometheus/histogram.h>

#include <nlohmann/json.hpp>

#include "absl/strings/ascii.h"
#include "common/base/clock.h"

namespace jobexec::kube {
namespace {

const absl::Status& StatusOf(const absl::Status& status) { return status; }
template <typename T>
const absl::Status& StatusOf(const absl::StatusOr<T>& result) {
  return result.status();
}

prometheus::Histogram::BucketBoundaries Buckets() {
  return {0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10};
}

}  // namespace

MeteredClient::MeteredClient(Client& client, prometheus::Registry& registry)
    : client_(client),
      requests_(prometheus::BuildCounter()
                    .Name("jobexec_kube_requests_total")
                    .Help("Calls of the Kubernetes API that ended, by verb, resource and result.")
                    .Register(registry)),
      seconds_(prometheus::BuildHistogram()
                   .Name("jobexec_kube_request_seconds")
                   .Help("Duration of calls of the Kubernetes API, without watches.")
                   .Register(registry)) {}

void MeteredClient::Count(absl::string_view verb, absl::string_view resource,
                          const absl::Status& status) {
  requests_
      .Add({{"verb", std::string(verb)},
            {"resource", std::string(resource)},
            {"code", absl::AsciiStrToLower(absl::StatusCodeToString(status.code()))}})
      .Increment();
}

template <typename Call>
auto MeteredClient::Measure(absl::string_view verb, absl::string_view resource, Call call) {
  const absl::Duration start = RealClock().Elapsed();
  auto result = call();
  const absl::Duration duration = RealClock().Elapsed() - start;
  seconds_.Add({{"verb", std::string(verb)}}, Buckets()).Observe(absl::ToDoubleSeconds(duration));
  Count(verb, resource, StatusOf(result));
  return result;
}

absl::Status MeteredClient::Create(const Collection& collection, absl::string_view body,
                                   absl::Duration timeout) {
  return Measure("create", collection.plural,
                 [&] { return client_.Create(collection, body, timeout); });
}

absl::StatusOr<nlohmann::json> MeteredClient::Get(const Collection& collection,
                                                  absl::string_view name, absl::Duration timeout) {
  return Measure("get", collection.plural, [&] { return client_.Get(collection, name, timeout); });
}

absl::StatusOr<nlohmann::json> MeteredClient::Patch(const Collection& collection,
                                                    absl::string_view name,
                                                    const nlohmann::json& json_patch,
                                                    absl::Duration timeout) {
  return Measure("patch", collection.plural,
                 [&] { return client_.Patch(collection, name, json_patch, timeout); });
}

absl::Status MeteredClient::Delete(const Collection& collection, absl::string_view name,
                                   absl::string_view uid, absl::Duration timeout) {
  return Measure("delete", collection.plural,
                 [&] { return client_.Delete(collection, name, uid, timeout); });
}

absl::StatusOr<nlohmann::json> MeteredClient::List(const Collection& collection,
                                                   const ListOptions& options,
                                                   absl::Duration timeout) {
  return Measure("list", collection.plural,
                 [&] { return client_.List(collection, options, timeout); });
}

absl::StatusOr<nlohmann::json> MeteredClient::Update(const Collection& collection,
                                                     absl::string_view name,
                                                     const nlohmann::json& object,
                                                     absl::Duration timeout) {
  return Measure("update", collection.plural,
                 [&] { return client_.Update(collection, name, object, timeout); });
}

absl::Status MeteredClient::Watch(
    const Collection& collection, const WatchOptions& options, const absl::Notification& stop,
    absl::FunctionRef<void(WatchEventType, const nlohmann::json& object)> on_event) {
  absl::Status status = client_.Watch(collection, options, stop, on_event);
  Count("watch", collection.plural, status);
  return status;
}

absl::StatusOr<std::string> MeteredClient::ReadLog(absl::string_view name_space,
                                                   absl::string_view pod,
                                                   absl::string_view container, int64_t limit_bytes,
                                                   absl::Duration timeout) {
  return Measure("log", "pods",
                 [&] { return client_.ReadLog(name_space, pod, container, limit_bytes, timeout); });
}

absl::Status MeteredClient::StreamLog(absl::string_view name_space, absl::string_view pod,
                                      const LogOptions& options, const absl::Notification& stop,
                                      absl::Duration idle_timeout,
                                      absl::FunctionRef<bool(absl::string_view)> on_data) {
  absl::Status status = client_.StreamLog(name_space, pod, options, stop, idle_timeout, on_data);
  Count("log", "pods", status);
  return status;
}

absl::Status MeteredClient::CheckReady(absl::Duration timeout) {
  return Measure("readyz", "", [&] { return client_.CheckReady(timeout); });
}

}  // namespace jobexec::kube
