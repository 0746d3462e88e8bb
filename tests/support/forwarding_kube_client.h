// Passes every call on: a base for test clients that change a few of them.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "common/kube/kube_client.h"

namespace jobexec::testing {

// Thread-safe as far as the other client is, which must outlive this.
class ForwardingKubeClient : public kube::Client {
 public:
  explicit ForwardingKubeClient(kube::Client& client) : client_(client) {}

  absl::Status Create(const kube::Collection& collection, absl::string_view body,
                      absl::Duration timeout) override {
    return client_.Create(collection, body, timeout);
  }
  absl::StatusOr<nlohmann::json> Get(const kube::Collection& collection, absl::string_view name,
                                     absl::Duration timeout) override {
    return client_.Get(collection, name, timeout);
  }
  absl::StatusOr<nlohmann::json> Patch(const kube::Collection& collection, absl::string_view name,
                                       const nlohmann::json& json_patch,
                                       absl::Duration timeout) override {
    return client_.Patch(collection, name, json_patch, timeout);
  }
  absl::Status Delete(const kube::Collection& collection, absl::string_view name,
                      absl::string_view uid, absl::Duration timeout) override {
    return client_.Delete(collection, name, uid, timeout);
  }
  absl::StatusOr<nlohmann::json> List(const kube::Collection& collection,
                                      const kube::ListOptions& options,
                                      absl::Duration timeout) override {
    return client_.List(collection, options, timeout);
  }
  absl::StatusOr<nlohmann::json> Update(const kube::Collection& collection, absl::string_view name,
                                        const nlohmann::json& object,
                                        absl::Duration timeout) override {
    return client_.Update(collection, name, object, timeout);
  }
  absl::Status Watch(const kube::Collection& collection, const kube::WatchOptions& options,
                     const absl::Notification& stop,
                     absl::FunctionRef<void(kube::WatchEventType, const nlohmann::json& object)>
                         on_event) override {
    return client_.Watch(collection, options, stop, on_event);
  }
  absl::StatusOr<std::string> ReadLog(absl::string_view name_space, absl::string_view pod,
                                      absl::string_view container, int64_t limit_bytes,
                                      absl::Duration timeout) override {
    return client_.ReadLog(name_space, pod, container, limit_bytes, timeout);
  }
  absl::Status StreamLog(absl::string_view name_space, absl::string_view pod,
                         const kube::LogOptions& options, const absl::Notification& stop,
                         absl::Duration idle_timeout,
                         absl::FunctionRef<bool(absl::string_view)> on_data) override {
    return client_.StreamLog(name_space, pod, options, stop, idle_timeout, on_data);
  }
  absl::Status CheckReady(absl::Duration timeout) override { return client_.CheckReady(timeout); }

 private:
  kube::Client& client_;
};

}  // namespace jobexec::testing
