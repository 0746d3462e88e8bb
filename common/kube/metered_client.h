// Counts the calls of another client.
#pragma once

#include <prometheus/registry.h>

#include "common/kube/kube_client.h"

namespace jobexec::kube {

// Passes every call on and counts it when it ends:
//   jobexec_kube_requests_total{verb, resource, code}   code: "ok" or the error's canonical name
//   jobexec_kube_request_seconds{verb}                  histogram, without watches and streamed
//   logs
// Thread-safe.
class MeteredClient final : public Client {
 public:
  // `client` and `registry` must outlive this; a registry takes one MeteredClient or several.
  MeteredClient(Client& client, prometheus::Registry& registry);

  absl::Status Create(const Collection& collection, absl::string_view body,
                      absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Get(const Collection& collection, absl::string_view name,
                                     absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Patch(const Collection& collection, absl::string_view name,
                                       const nlohmann::json& json_patch,
                                       absl::Duration timeout) override;
  absl::Status Delete(const Collection& collection, absl::string_view name, absl::string_view uid,
                      absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> List(const Collection& collection, const ListOptions& options,
                                      absl::Duration timeout) override;
  absl::StatusOr<nlohmann::json> Update(const Collection& collection, absl::string_view name,
                                        const nlohmann::json& object,
                                        absl::Duration timeout) override;
  absl::Status Watch(
      const Collection& collection, const WatchOptions& options, const absl::Notification& stop,
      absl::FunctionRef<void(WatchEventType, const nlohmann::json& object)> on_event) override;
  absl::StatusOr<std::string> ReadLog(absl::string_view name_space, absl::string_view pod,
                                      absl::string_view container, int64_t limit_bytes,
                                      absl::Duration timeout) override;
  absl::Status StreamLog(absl::string_view name_space, absl::string_view pod,
                         const LogOptions& options, const absl::Notification& stop,
                         absl::Duration idle_timeout,
                         absl::FunctionRef<bool(absl::string_view)> on_data) override;
  absl::Status CheckReady(absl::Duration timeout) override;

 private:
  template <typename Call>
  auto Measure(absl::string_view verb, absl::string_view resource, Call call);
  void Count(absl::string_view verb, absl::string_view resource, const absl::Status& status);

  Client& client_;
  prometheus::Family<prometheus::Counter>& requests_;
  prometheus::Family<prometheus::Histogram>& seconds_;
};

}  // namespace jobexec::kube
