// A whole installation against a real Kubernetes: the three services as processes, a configuration
// store, a sink for the answers, and a namespace of its own.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "common/http/http_client.h"
#include "common/kube/kube_client.h"
#include "tests/support/event_sink.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_directory.h"

namespace jobexec::testing {

// Longest wait for anything a cluster does: a bound against hanging on a loaded machine.
inline constexpr absl::Duration kClusterPatience = absl::Minutes(3);

// Not thread-safe. Stops everything and deletes its namespace when destroyed.
class Installation {
 public:
  struct Options {
    // Variables on top of, or instead of, those that the harness sets.
    std::map<std::string, std::string> scheduler;
    std::map<std::string, std::string> reporter;
    std::map<std::string, std::string> intake;
  };

  // Starts everything and waits until each service says it is ready.
  static absl::StatusOr<std::unique_ptr<Installation>> Start(const Options& options);
  ~Installation();

  // Writes a file of the store for project shop, stage dev, service cart.
  void WriteFile(const std::string& path, const std::string& content);
  // Writes job/config.yaml.
  void WriteConfig(const std::string& content) { WriteFile("job/config.yaml", content); }

  // Posts to intake.
  absl::StatusOr<http::Response> Post(const std::string& content_type, const std::string& body,
                                      const http::Headers& headers = {});
  // Posts a structured event of this type for shop, dev, cart and returns intake's answer.
  absl::StatusOr<http::Response> PostEvent(const std::string& id, const std::string& type,
                                           const nlohmann::json& data = {});

  // The event that PostEvent posts.
  static nlohmann::json MakeEvent(const std::string& id, const std::string& type,
                                  const nlohmann::json& data = {});

  absl::Status StartScheduler();
  absl::Status StartReporter();
  absl::Status StartIntake();
  // One more reporter, in the caller's hands.
  absl::StatusOr<std::unique_ptr<Subprocess>> StartStandby();
  Subprocess& scheduler() { return *scheduler_; }
  Subprocess& reporter() { return *reporter_; }
  Subprocess& intake() { return *intake_; }

  // Jobs of this installation with the event's id in their annotations; all if `event_id` is empty.
  std::vector<nlohmann::json> Jobs(const std::string& event_id = "");

  // The value of a metric of a service's admin port, summed over its labels that contain `label`.
  double Metric(const std::string& admin_port, const std::string& name,
                const std::string& label = "");
  const std::string& intake_admin_port() const { return intake_admin_port_; }
  const std::string& scheduler_admin_port() const { return scheduler_admin_port_; }

  // "host:port" of the gRPC APIs.
  std::string scheduler_address() const;
  std::string reporter_address() const;

  const EventSink& sink() const { return *sink_; }
  kube::Client& kube() { return *kube_; }
  const std::string& name_space() const { return name_space_; }
  http::Client& http() { return *http_; }

 private:
  Installation() = default;
  absl::Status Prepare(const Options& options);
  absl::StatusOr<std::unique_ptr<Subprocess>> LaunchReporter(const std::string& log_name);
  absl::Status CreateNamespace();

  Options options_;
  std::string kubeconfig_;
  std::string node_ip_;
  std::string name_space_;
  TempDirectory directory_;
  std::unique_ptr<kube::Client> kube_;
  std::unique_ptr<http::Client> http_ = http::Client::Create({});
  std::unique_ptr<EventSink> sink_;
  std::unique_ptr<Subprocess> scheduler_;
  std::unique_ptr<Subprocess> reporter_;
  std::unique_ptr<Subprocess> intake_;
  std::string scheduler_port_ = "0";  // the same again after a restart
  std::string scheduler_admin_port_;
  std::string reporter_port_;
  std::string intake_port_;
  std::string intake_admin_port_;
};

}  // namespace jobexec::testing
