// The example in deploy/examples/terraform, with real pods: one event for stage dev, one for stage
// hardening, each runs init and apply, and the answers hold the stage's outputs.
#include <gmock/gmock.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/hash.h"
#include "common/json/json.h"
#include "tests/cluster/installation.h"
#include "tests/support/status_matchers.h"

namespace jobexec {
namespace {

using ::jobexec::testing::Installation;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::kClusterPatience;
using ::nlohmann::json;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr absl::Duration kCall = absl::Seconds(30);
constexpr char kType[] = "sh.keptn.event.infrastructure.triggered";

std::string ExamplePath(const std::string& name) {
  return absl::StrCat(JOBEXEC_SOURCE_DIR, "/deploy/examples/terraform/", name);
}

class TerraformTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto installation =
        Installation::Start({.scheduler = {{"RESOURCE_DIRECTORY", ExamplePath("store")}}});
    ASSERT_THAT(installation, IsOk());
    installation_ = *std::move(installation);
    const std::string apply =
        absl::StrCat(JOBEXEC_SOURCE_DIR, "/deploy/local/cluster.sh -- apply --namespace ",
                     installation_->name_space(), " -f ", ExamplePath("rights.yaml"));
    ASSERT_EQ(std::system(apply.c_str()), 0);
    ASSERT_THAT(installation_->kube().Create(Secrets(), Credentials().dump(), kCall), IsOk());
  }
  kube::Collection Secrets() const { return {"/api/v1", installation_->name_space(), "secrets"}; }
  json Credentials() const {
    return {{"apiVersion", "v1"},
            {"kind", "Secret"},
            {"metadata", {{"name", "terraform-credentials"}}},
            {"stringData", {{"TF_VAR_database_password", password_}}}};
  }
  // Posts the event and returns the data of its answer.
  json Provision(const std::string& id, const std::string& stage, const std::string& release) {
    const auto response = installation_->PostEvent(
        id, kType, {{"stage", stage}, {"infrastructure", {{"release", release}}}});
    EXPECT_THAT(response, IsOk());
    if (!response.ok()) return {};
    EXPECT_EQ(response->status, 202) << response->body;
    const auto finished = installation_->sink().WaitForAnswer(id, "finished", kClusterPatience);
    EXPECT_THAT(finished, IsOk());
    return finished.ok() ? (*finished)["data"] : json::object();
  }
  // The part of the message that is about one task.
  static std::string About(const std::string& task, const json& data) {
    const std::string message = jobexec::json::GetString(data, "message");
    const size_t start = message.find(absl::StrCat("Task '", task, "' finished successfully!"));
    if (start == std::string::npos) return "";
    return message.substr(start, message.find("\nTask '", start) - start);
  }
  // The pod of a task of the event.
  json PodOf(const std::string& event_id, const std::string& task) {
    for (const json& job : installation_->Jobs(event_id)) {
      if (job["metadata"]["labels"]["keptn.sh/jes-task"] != task) continue;
      const auto pods = installation_->kube().List(
          kube::Pods(installation_->name_space()),
          {.label_selector = absl::StrCat("batch.kubernetes.io/job-name=",
                                          json::string_t(job["metadata"]["name"]))},
          kCall);
      EXPECT_THAT(pods, IsOk());
      if (pods.ok() && (*pods)["items"].size() == 1) return (*pods)["items"][0];
    }
    ADD_FAILURE() << "no pod of task " << task;
    return {};
  }
  void ExpectNoTraceOfThePassword() {
    for (const json& event : installation_->sink().Events()) {
      EXPECT_THAT(event.dump(), Not(HasSubstr(password_)));
    }
    for (const json& job : installation_->Jobs()) {
      EXPECT_THAT(job.dump(), Not(HasSubstr(password_)));
    }
    for (auto* service :
         {&installation_->intake(), &installation_->scheduler(), &installation_->reporter()}) {
      const auto log = ReadFile(service->log_file(), size_t{64} * 1024 * 1024);
      ASSERT_THAT(log, IsOk());
      EXPECT_FALSE(absl::StrContains(*log, password_)) << service->log_file();
    }
  }

  const std::string password_ = "pw-" + UuidV5(RandomBytes(16));
  std::unique_ptr<Installation> installation_;
};

TEST_F(TerraformTest, EachStageGetsItsOwnInfrastructure) {
  const json dev = Provision("dev-1", "dev", "1.0.0");
  const json hardening = Provision("hardening-1", "hardening", "1.0.0");

  EXPECT_EQ(dev["result"], "pass") << dev.dump(2);
  EXPECT_EQ(dev["stage"], "dev");
  EXPECT_EQ(dev.value("infrastructure", json()), json({{"database", "cart-dev"},
                                                       {"size", "small"},
                                                       {"replicas", 1},
                                                       {"release", "1.0.0"},
                                                       {"password", "set"}}));
  EXPECT_EQ(hardening["result"], "pass") << hardening.dump(2);
  EXPECT_EQ(hardening.value("infrastructure", json()), json({{"database", "cart-hardening"},
                                                             {"size", "large"},
                                                             {"replicas", 3},
                                                             {"release", "1.0.0"},
                                                             {"password", "set"}}));
  // The tasks in their order, each with its own words.
  EXPECT_THAT(jobexec::json::GetString(dev, "message"),
              ::testing::StartsWith("Task 'init' finished successfully!"));
  EXPECT_THAT(About("init", dev),
              AllOf(HasSubstr("OpenTofu has been successfully initialized!"),
                    HasSubstr("Plan: 1 to add"), Not(HasSubstr("Apply complete!"))));
  EXPECT_THAT(About("apply", dev), HasSubstr("Apply complete! Resources: 1 added"));
  // The second resource is in a file that only this stage has.
  EXPECT_THAT(About("apply", hardening), HasSubstr("Apply complete! Resources: 2 added"));
  const json first = PodOf("dev-1", "init");
  EXPECT_LE(first["status"]["containerStatuses"][0]["state"]["terminated"]["finishedAt"],
            PodOf("dev-1", "apply")["metadata"]["creationTimestamp"]);
  ExpectNoTraceOfThePassword();
}

TEST_F(TerraformTest, TheStateOutlivesThePods) {
  EXPECT_THAT(About("apply", Provision("one", "dev", "1.0.0")), HasSubstr("1 added, 0 changed"));
  EXPECT_THAT(About("apply", Provision("same", "dev", "1.0.0")),
              HasSubstr("0 added, 0 changed, 0 destroyed"));
  const json next = Provision("next", "dev", "2.0.0");

  EXPECT_THAT(About("apply", next), HasSubstr("0 added, 1 changed, 0 destroyed"));
  EXPECT_EQ(next.value(json::json_pointer("/infrastructure/release"), ""), "2.0.0");
  EXPECT_THAT(installation_->kube().Get(Secrets(), "tfstate-default-cart-dev", kCall), IsOk());
}

}  // namespace
}  // namespace jobexec
