#include "tests/cluster/keptn_installation.h"

#include <algorithm>
#include <map>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "tests/support/poll.h"

namespace jobexec::testing {

absl::StatusOr<std::unique_ptr<KeptnInstallation>> KeptnInstallation::Start(
    KeptnMode mode, const std::vector<std::string>& tasks, Installation::Options options) {
  auto installation = std::unique_ptr<KeptnInstallation>(new KeptnInstallation);
  RETURN_IF_ERROR(installation->StartKeptn(mode, tasks));
  installation->Configure(mode, tasks, options);
  ASSIGN_OR_RETURN(installation->services_, Installation::Start(options));
  return installation;
}

absl::Status KeptnInstallation::StartKeptn(KeptnMode mode, const std::vector<std::string>& tasks) {
  test_keptn::Keptn::Options options;
  if (mode == KeptnMode::kInCluster) {
    ASSIGN_OR_RETURN(nats_, NatsServer::Start());
    // What Keptn itself may lose or count twice when NATS dies is not what is tested here.
    options.nats = {.url = nats_->url(), .confirm = true, .forget_redeliveries = true};
  }
  ASSIGN_OR_RETURN(keptn_, test_keptn::Keptn::Start(options));
  keptn_->AddProject("shop", test_keptn::SimpleShipyard("dev", "delivery", tasks));
  return absl::OkStatus();
}

void KeptnInstallation::Configure(KeptnMode mode, const std::vector<std::string>& tasks,
                                  Installation::Options& options) const {
  std::map<std::string, std::string> common = {{"KEPTN_API_TOKEN", keptn_->token()}};
  if (mode == KeptnMode::kRemote) {
    common["KEPTN_API_ENDPOINT"] = keptn_->endpoint();
  } else {
    common["KEPTN_API_ENDPOINT"] = "";
    common["EVENTBROKER"] = nats_->url();
    common["KEPTN_API_SERVICE_URL"] = keptn_->service_url("api-service");
    common["KEPTN_CONTROL_PLANE_URL"] = keptn_->service_url("shipyard-controller");
    common["KEPTN_RESOURCE_SERVICE_URL"] = keptn_->service_url("resource-service");
    common["KEPTN_DATASTORE_URL"] = keptn_->service_url("mongodb-datastore");
  }
  std::string topics;
  for (const std::string& task : tasks) {
    absl::StrAppend(&topics, topics.empty() ? "" : ",", "sh.keptn.event.", task, ".triggered");
  }
  // What the caller has set stays.
  options.intake.insert(common.begin(), common.end());
  options.intake.insert({"PUBSUB_TOPIC", topics});
  options.scheduler.insert(common.begin(), common.end());
  options.scheduler.insert({"RESOURCE_DIRECTORY", ""});
  options.reporter.insert(common.begin(), common.end());
  options.reporter.insert({"EVENT_SINK_URL", ""});
}

std::string KeptnInstallation::WriteConfig(const std::string& content) {
  return keptn_->resources().CommitFile({.project = "shop", .stage = "dev", .service = "cart"},
                                        "job/config.yaml", content);
}

absl::StatusOr<test_keptn::Keptn::Started> KeptnInstallation::StartDelivery() {
  return keptn_->StartSequence(
      {.project = "shop", .stage = "dev", .service = "cart", .sequence = "delivery"});
}

std::string KeptnInstallation::WaitForOffer(const std::string& task) {
  std::string id;
  PollUntil(
      [&] {
        for (const nlohmann::json& entry : keptn_->log().Entries("task_triggered")) {
          if (id.empty() && json::GetString(entry, "task") == task) {
            id = json::GetString(entry, "id");
          }
        }
        return !id.empty();
      },
      kClusterPatience);
  return id;
}

bool KeptnInstallation::WaitUntilCounted(const std::string& offer_id, const std::string& kind) {
  return PollUntil(
      [&] {
        const auto entries = keptn_->log().Entries("event");
        return std::any_of(entries.begin(), entries.end(), [&](const nlohmann::json& entry) {
          return json::GetString(entry, "outcome") == "counted" &&
                 json::GetString(entry, "triggeredId") == offer_id &&
                 json::GetString(entry, "type").ends_with("." + kind);
        });
      },
      kClusterPatience);
}

int KeptnInstallation::Answers(const std::string& offer_id, const std::string& kind) {
  const auto entries = keptn_->log().Entries("event");
  return static_cast<int>(
      std::count_if(entries.begin(), entries.end(), [&](const nlohmann::json& entry) {
        return json::GetString(entry, "triggeredId") == offer_id &&
               json::GetString(entry, "type").ends_with("." + kind);
      }));
}

bool KeptnInstallation::WaitUntilLetGo() {
  return PollUntil(
      [this] {
        const auto jobs = services_->Jobs();
        return !jobs.empty() && std::none_of(jobs.begin(), jobs.end(), [](const auto& job) {
          return job["metadata"].contains("finalizers");
        });
      },
      kClusterPatience);
}

}  // namespace jobexec::testing
