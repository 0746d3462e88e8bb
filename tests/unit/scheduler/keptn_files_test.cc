// Events and the pods of their Jobs against a Keptn: which config and which files they get, and how
// often Keptn is asked for them.
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>
#include <prometheus/registry.h>

#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/clock.h"
#include "common/json/json.h"
#include "common/keptn/api.h"
#include "common/resources/caching_store.h"
#include "common/resources/keptn_store.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "scheduler/event_handler.h"
#include "scheduler/resources_service.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/keptn/keptn.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::test_keptn::Keptn;
using ::jobexec::test_keptn::Place;
using ::jobexec::test_keptn::ResourceHistory;
using ::jobexec::testing::IsOk;
using jobexecutor::v1::EventOutcome;
using jobexecutor::v1::EventSubmission;
using ::testing::UnorderedElementsAreArray;

constexpr int kEvents = 4;
constexpr int kPodsPerJob = 4;

const Place kProject = {"shop", "", ""};
const Place kStage = {"shop", "dev", ""};
const Place kService = {"shop", "dev", "cart"};

using Files = std::map<std::string, std::string>;

// A config whose task runs `image`, by which it is told from others.
std::string Config(const std::string& image, const std::string& files = "") {
  return absl::StrCat("apiVersion: v2\nactions: [{name: A, events: [{name: x}], tasks: [{name: T, ",
                      "image: ", image, files.empty() ? "" : absl::StrCat(", files: [", files, "]"),
                      "}]}]\n");
}

struct Case {
  const char* name;
  // Fills the repositories and returns the event's commit.
  std::function<std::string(ResourceHistory&)> prepare;
  std::string image;  // of the Job
  Files files;        // in /keptn
  // What Keptn is asked, each once: "level path@commit status", C for the event's commit, a list
  // without path.
  std::vector<std::string> requests;
};

std::vector<Case> Cases() {
  return {
      {"OnServiceLevel",
       [](ResourceHistory& history) {
         return history.CommitFile(kService, "job/config.yaml", Config("service"));
       },
       "service",
       {},
       {"service job/config.yaml@C 200"}},
      {"OnStageLevel",
       [](ResourceHistory& history) {
         return history.CommitFile(kStage, "job/config.yaml", Config("stage"));
       },
       "stage",
       {},
       {"service job/config.yaml@C 404", "stage job/config.yaml@C 200"}},
      {"OnProjectLevel",
       [](ResourceHistory& history) {
         history.CommitFile(kProject, "job/config.yaml", Config("project"));
         return history.CommitFile(kService, "other", "");
       },
       "project",
       {},
       {"service job/config.yaml@C 404", "stage job/config.yaml@C 404",
        "project job/config.yaml@ 200"}},
      {"TheClosestLevelWins",
       [](ResourceHistory& history) {
         history.CommitFile(kProject, "job/config.yaml", Config("project"));
         history.CommitFile(kStage, "job/config.yaml", Config("stage"));
         return history.CommitFile(kService, "job/config.yaml", Config("service"));
       },
       "service",
       {},
       {"service job/config.yaml@C 200"}},
      {"AnOldCommit",
       [](ResourceHistory& history) {
         std::string commit = history.CommitFile(kService, "job/config.yaml", Config("old"));
         history.CommitFile(kService, "job/config.yaml", Config("new"));
         return commit;
       },
       "old",
       {},
       {"service job/config.yaml@C 200"}},
      {"OneThatTheServiceDidNotHaveThen",
       [](ResourceHistory& history) {
         std::string commit = history.CommitFile(kStage, "job/config.yaml", Config("stage"));
         history.CommitFile(kService, "job/config.yaml", Config("too-new"));
         return commit;
       },
       "stage",
       {},
       {"service job/config.yaml@C 404", "stage job/config.yaml@C 200"}},
      {"WithoutACommit",
       [](ResourceHistory& history) {
         history.CommitFile(kService, "job/config.yaml", Config("old"));
         history.CommitFile(kService, "job/config.yaml", Config("new"));
         return std::string();
       },
       "new",
       {},
       {"service job/config.yaml@C 200"}},
      {"ACommitTheCloneDoesNotHave",
       [](ResourceHistory& history) {
         return history.Commit(kService, {{"job/config.yaml", Config("pushed")}},
                               /*upstream_only=*/true);
       },
       "pushed",
       {},
       {"service job/config.yaml@C 500", "service metadata.yaml@ 200",
        "service job/config.yaml@C 200"}},
      {"FilesOfTheCommitOnDifferentLevels",
       [](ResourceHistory& history) {
         history.CommitFile(kProject, "lib.sh", "project");
         history.CommitFile(kStage, "stage.env", "stage");
         std::string commit = history.Commit(
             kService, {{"job/config.yaml", Config("i", "run.sh, /stage.env, lib.sh, empty")},
                        {"run.sh", "#!/bin/sh\n"},
                        {"empty", ""}});
         history.Commit(kService, {{"run.sh", "too new"}, {"empty", "too new"}});
         return commit;
       },
       "i",
       {{"run.sh", "#!/bin/sh\n"}, {"stage.env", "stage"}, {"lib.sh", "project"}, {"empty", ""}},
       {"service job/config.yaml@C 200", "service run.sh@C 200", "service empty@C 200",
        "service stage.env@C 404", "stage stage.env@C 200", "service lib.sh@C 404",
        "stage lib.sh@C 404", "project lib.sh@ 200"}},
      {"ADirectoryMergedOverTheLevels",
       [](ResourceHistory& history) {
         history.Commit(kProject, {{"tf/main.tf", "project"}, {"tf/vars.tf", "project"}});
         history.Commit(kStage, {{"tf/vars.tf", "stage"}});
         std::string commit = history.Commit(
             kService, {{"job/config.yaml", Config("i", "tf/")}, {"tf/mod.tf", "service"}});
         history.Commit(kService, {{"tf/new.tf", "too new"}, {"tf/mod.tf", "too new"}});
         return commit;
       },
       "i",
       {{"tf/main.tf", "project"}, {"tf/vars.tf", "stage"}, {"tf/mod.tf", "service"}},
       {"service job/config.yaml@C 200", "service metadata.yaml@ 200", "service @ 200",
        "stage metadata.yaml@ 404", "stage @ 200", "project metadata.yaml@ 404", "project @ 200",
        "project tf/main.tf@ 200", "stage tf/vars.tf@C 200", "service tf/mod.tf@C 200",
        "service tf/new.tf@C 404"}},
  };
}

class KeptnFilesTest : public ::testing::TestWithParam<Case> {
 protected:
  KeptnFilesTest() {
    keptn_->resources().AddService("shop", "dev", "cart");
    auto server = rpc::Server::Start({.address = "127.0.0.1"}, {&service_});
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    channel_ = rpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port()));
  }
  ~KeptnFilesTest() override { server_->Shutdown(absl::Seconds(5)); }

  keptn::Settings Settings() const {
    keptn::Settings settings;
    settings.urls.resources = keptn_->endpoint() + "/resource-service";
    settings.token = keptn_->token();
    return settings;
  }
  static PlannerSettings PlannerSettingsFor() {
    PlannerSettings settings;
    settings.installation = "inst";
    settings.defaults.job_namespace = "home";
    return settings;
  }

  static EventSubmission Submission(int number, const std::string& commit) {
    EventSubmission submission;
    auto& event = *submission.mutable_event();
    event.set_id(absl::StrCat("id-", number));
    event.set_source("s");
    event.set_spec_version("1.0");
    event.set_type("x.triggered");
    event.set_text_data(R"({"project":"shop","stage":"dev","service":"cart"})");
    if (!commit.empty()) {
      (*event.mutable_attributes())["gitcommitid"].set_ce_string(commit);
    }
    return submission;
  }

  // Hands over kEvents events at once.
  void HandleEvents(const std::string& commit) {
    std::vector<std::thread> threads;
    for (int i = 0; i < kEvents; ++i) {
      threads.emplace_back([this, i, &commit] {
        const EventOutcome outcome = handler_.Handle(Submission(i, commit));
        EXPECT_TRUE(outcome.has_accepted()) << outcome.DebugString();
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // What the init container of a Job fetches.
  Files Fetch(const std::string& grant) const {
    const auto stub = jobexecutor::v1::Resources::NewStub(channel_);
    grpc::ClientContext context;
    jobexecutor::v1::FetchRequest request;
    request.set_grant(grant);
    const auto reader = stub->Fetch(&context, request);
    Files files;
    jobexecutor::v1::FetchResponse piece;
    while (reader->Read(&piece)) files[piece.path()] += piece.chunk();
    EXPECT_THAT(rpc::FromGrpc(reader->Finish()), IsOk());
    return files;
  }

  // Every Job's init container in several pods, all at once.
  void RunInitContainers(const std::vector<nlohmann::json>& jobs, const Files& expected) {
    std::vector<std::thread> pods;
    for (const nlohmann::json& job : jobs) {
      const auto& containers = job["spec"]["template"]["spec"];
      if (!containers.contains("initContainers")) continue;
      const std::string grant = containers["initContainers"][0]["env"].back()["value"];
      for (int i = 0; i < kPodsPerJob; ++i) {
        pods.emplace_back([this, grant, &expected] { EXPECT_EQ(Fetch(grant), expected); });
      }
    }
    EXPECT_EQ(pods.empty(), expected.empty());
    for (std::thread& pod : pods) pod.join();
  }

  std::vector<std::string> Requests(const std::string& commit) {
    std::vector<std::string> requests;
    for (const nlohmann::json& entry : keptn_->log().Entries("resource")) {
      const bool of_service = !json::GetString(entry, "service").empty();
      const bool of_stage = !json::GetString(entry, "stage").empty();
      const std::string at = json::GetString(entry, "commit");
      requests.push_back(absl::StrCat(of_service ? "service"
                                      : of_stage ? "stage"
                                                 : "project",
                                      " ", json::GetString(entry, "uri"), "@",
                                      at.empty() || at != commit ? at : "C", " ",
                                      json::GetInt(entry, "status", 0)));
    }
    return requests;
  }

  std::unique_ptr<Keptn> keptn_ = *Keptn::Start({});
  testing::FakeClock clock_;  // stands: nothing gets old
  prometheus::Registry registry_;
  std::unique_ptr<keptn::Api> api_ = keptn::Api::Create(Settings(), RealClock());
  std::unique_ptr<resources::Store> uncached_ = resources::MakeKeptnStore(*api_);
  resources::CachingStore store_{*uncached_, {}, clock_, registry_};
  testing::FakeKubeClient kube_{RealClock()};
  Metrics metrics_{registry_};
  GrantSigner signer_{"key"};
  ConfigSource configs_{store_};
  Planner planner_{PlannerSettingsFor(), signer_};
  WorkerPool members_{1, 4};
  Launcher launcher_{kube_, RealClock(), members_};
  EventHandler handler_{{}, configs_, planner_, launcher_, RealClock(), metrics_};
  WorkerPool fetchers_{8, 64};
  ResourcesService service_{store_, signer_, fetchers_, RealClock(), metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::shared_ptr<grpc::Channel> channel_;
};

TEST_P(KeptnFilesTest, GivesTheRightContentAndAsksKeptnOnce) {
  const Case& c = GetParam();
  const std::string commit = c.prepare(keptn_->resources());

  HandleEvents(commit);
  const auto jobs = kube_.All(kube::Jobs("home"));
  ASSERT_EQ(jobs.size(), kEvents);
  for (const nlohmann::json& job : jobs) {
    EXPECT_EQ(job["spec"]["template"]["spec"]["containers"][0]["image"], c.image);
  }
  RunInitContainers(jobs, c.files);

  std::vector<std::string> expected = c.requests;
  if (commit.empty()) {
    for (std::string& request : expected) request.erase(request.find('C'), 1);
  }
  EXPECT_THAT(Requests(commit), UnorderedElementsAreArray(expected));
}

INSTANTIATE_TEST_SUITE_P(LevelsAndCommits, KeptnFilesTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace jobexec::scheduler
