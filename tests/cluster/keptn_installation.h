// An installation of the three services with a test Keptn beside it, in the cluster or remote.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "tests/cluster/installation.h"
#include "tests/support/keptn/keptn.h"
#include "tests/support/nats_server.h"

namespace jobexec::testing {

enum class KeptnMode {
  kInCluster,  // events and answers over a real NATS server
  kRemote,     // everything over HTTP through Keptn's gateway
};

// Not thread-safe.
class KeptnInstallation {
 public:
  // Keptn has the project shop, whose stage dev has the sequence delivery with `tasks`; intake
  // subscribes to them all. The configuration store is Keptn's. `options` adds variables.
  static absl::StatusOr<std::unique_ptr<KeptnInstallation>> Start(
      KeptnMode mode, const std::vector<std::string>& tasks, Installation::Options options = {});

  // Commits job/config.yaml of the service cart. Returns the commit.
  std::string WriteConfig(const std::string& content);

  // Starts the sequence for the service cart.
  absl::StatusOr<test_keptn::Keptn::Started> StartDelivery();

  // The first offer of a task that Keptn makes; its id is empty if none comes in time.
  std::string WaitForOffer(const std::string& task);

  // Waits until Keptn has counted an answer to the offer. False if it does not in time.
  bool WaitUntilCounted(const std::string& offer_id, const std::string& kind);

  // All answers of a kind to the offer that have reached Keptn, counted or not.
  int Answers(const std::string& offer_id, const std::string& kind);

  // Waits until no Job is held back for an answer any more: the reporter thinks that it is done.
  bool WaitUntilLetGo();

  test_keptn::Keptn& keptn() { return *keptn_; }
  NatsServer& nats() { return *nats_; }  // only in the cluster
  Installation& services() { return *services_; }

 private:
  KeptnInstallation() = default;
  absl::Status StartKeptn(KeptnMode mode, const std::vector<std::string>& tasks);
  void Configure(KeptnMode mode, const std::vector<std::string>& tasks,
                 Installation::Options& options) const;

  std::unique_ptr<NatsServer> nats_;
  std::unique_ptr<test_keptn::Keptn> keptn_;
  std::unique_ptr<Installation> services_;
};

}  // namespace jobexec::testing
