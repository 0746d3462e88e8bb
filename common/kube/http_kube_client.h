// The Kubernetes API over HTTP/1.1: each call on a kept connection, each watch on its own.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/kube/config.h"
#include "common/kube/kube_client.h"
#include "common/kube/token_source.h"

namespace jobexec::kube {

// Thread-safe. Not retried here, but for two cases in which nothing was done yet or a repeat is
// harmless: a call refused with 401 is sent once more if the token file has another token by then,
// and reads, creates and deletes are sent again if a kept connection turns out to be dead.
class HttpKubeClient final : public Client {
 public:
  // Talks to the cluster of `config`; nothing is sent yet. `clock` must outlive the client.
  // `may_send` as in http::Client::Options.
  static std::unique_ptr<HttpKubeClient> Create(const ClusterConfig& config, Clock& clock,
                                                std::function<bool()> may_send = nullptr);

  // Resets all connections, as http::Client::Abort does.
  void Abort();

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
  // One request: what it is called in errors, and what is sent.
  struct Call {
    std::string name;  // "create jobs", "get jobs/x"
    std::string method;
    std::string path;  // with query
    std::string content_type;
    std::string body;
    bool idempotent = true;
    std::string accept = "application/json";
  };

  HttpKubeClient(const ClusterConfig& config, Clock& clock, std::function<bool()> may_send);

  http::Request MakeRequest(const Call& call, const std::string& token) const;
  absl::StatusOr<http::Response> Send(Call call, absl::Duration timeout);
  absl::StatusOr<nlohmann::json> SendForJson(Call call, absl::Duration timeout);
  absl::StatusOr<http::Response> Stream(const Call& call, const absl::Notification& stop,
                                        absl::Duration idle_timeout,
                                        absl::FunctionRef<bool(absl::string_view)> on_data);
  absl::StatusOr<std::string> ReadLongLog(const Call& call, size_t limit, absl::Duration timeout);

  const std::string server_;
  Clock& clock_;
  TokenSource token_;
  const std::unique_ptr<http::Client> http_;
};

}  // namespace jobexec::kube
