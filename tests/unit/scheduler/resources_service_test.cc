// What a grant fetches from a real folder: levels, directories, commits, run bits, outages.
#include "scheduler/resources_service.h"

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <prometheus/registry.h>

#include <map>
#include <set>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "common/base/clock.h"
#include "common/resources/directory_store.h"
#include "common/rpc/channel.h"
#include "common/rpc/server.h"
#include "common/rpc/status.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::UnorderedElementsAre;

// A folder that remembers which commits it was asked for, and can be away.
class WatchedStore final : public resources::Store {
 public:
  explicit WatchedStore(const std::string& root) : store_(resources::MakeDirectoryStore(root)) {}

  absl::StatusOr<std::string> Read(const resources::Scope& scope, resources::Level level,
                                   absl::string_view path, absl::string_view commit) override {
    const absl::Status note = Note(commit);
    return note.ok() ? store_->Read(scope, level, path, commit) : note;
  }
  absl::StatusOr<std::vector<std::string>> List(const resources::Scope& scope,
                                                resources::Level level, absl::string_view path,
                                                absl::string_view commit) override {
    const absl::Status note = Note(commit);
    return note.ok() ? store_->List(scope, level, path, commit) : note;
  }
  absl::Status CheckReady() const override { return store_->CheckReady(); }

  // From now on every call fails.
  void GoAway() {
    absl::MutexLock lock(&mutex_);
    away_ = true;
  }
  std::set<std::string> commits() const {
    absl::MutexLock lock(&mutex_);
    return commits_;
  }

 private:
  absl::Status Note(absl::string_view commit) {
    absl::MutexLock lock(&mutex_);
    commits_.insert(std::string(commit));
    return away_ ? absl::UnavailableError("the store is away") : absl::OkStatus();
  }

  const std::unique_ptr<resources::Store> store_;
  mutable absl::Mutex mutex_;
  bool away_ ABSL_GUARDED_BY(mutex_) = false;
  std::set<std::string> commits_ ABSL_GUARDED_BY(mutex_);
};

class ResourcesServiceTest : public ::testing::Test {
 protected:
  ResourcesServiceTest() {
    auto server = rpc::Server::Start({.address = "127.0.0.1"}, {&service_});
    EXPECT_THAT(server, IsOk());
    server_ = *std::move(server);
    stub_ = jobexecutor::v1::Resources::NewStub(
        rpc::CreateChannel("127.0.0.1:" + std::to_string(server_->port())));
  }
  ~ResourcesServiceTest() override { server_->Shutdown(absl::Seconds(5)); }

  absl::Status Fetch(std::vector<std::string> entries, const std::string& commit = "") {
    jobexecutor::v1::FetchRequest request;
    request.set_grant(signer_.Sign({.scope = {"shop", "dev", "cart"},
                                    .commit = commit,
                                    .files = std::move(entries),
                                    .job = "home/j",
                                    .expiry = RealClock().TimeNow() + absl::Hours(1)}));
    grpc::ClientContext context;
    const auto reader = stub_->Fetch(&context, request);
    jobexecutor::v1::FetchResponse piece;
    while (reader->Read(&piece)) {
      files_[piece.path()] += piece.chunk();
      if (piece.executable()) scripts_.insert(piece.path());
    }
    return rpc::FromGrpc(reader->Finish());
  }

  testing::TempDirectory directory_;
  WatchedStore store_{directory_.path()};
  GrantSigner signer_{"key"};
  prometheus::Registry registry_;
  Metrics metrics_{registry_};
  WorkerPool workers_{1, 4};
  ResourcesService service_{store_, signer_, workers_, RealClock(), metrics_};
  std::unique_ptr<rpc::Server> server_;
  std::unique_ptr<jobexecutor::v1::Resources::Stub> stub_;
  std::map<std::string, std::string> files_;
  std::set<std::string> scripts_;
};

TEST_F(ResourcesServiceTest, ADirectoryComesMergedFromAllLevels) {
  directory_.Write("shop/terraform/main.tf", "project");
  directory_.Write("shop/terraform/stage.tfvars", "project");
  directory_.Write("shop/dev/terraform/stage.tfvars", "stage");
  directory_.Write("shop/hardening/terraform/stage.tfvars", "another stage");
  directory_.Write("shop/dev/cart/terraform/modules/a.tf", "service");
  directory_.Write("shop/terraform-old/main.tf", "not asked for");

  EXPECT_THAT(Fetch({"terraform/"}), IsOk());

  EXPECT_THAT(files_, UnorderedElementsAre(Pair("terraform/main.tf", "project"),
                                           Pair("terraform/stage.tfvars", "stage"),
                                           Pair("terraform/modules/a.tf", "service")));
}

TEST_F(ResourcesServiceTest, AFileThatTwoEntriesNameComesOnce) {
  directory_.Write("shop/tf/main.tf", "main");

  EXPECT_THAT(Fetch({"tf/", "tf/main.tf", "/tf/main.tf"}), IsOk());

  EXPECT_THAT(files_, UnorderedElementsAre(Pair("tf/main.tf", "main")));
}

TEST_F(ResourcesServiceTest, EveryReadIsOfTheEventsCommit) {
  directory_.Write("shop/tf/main.tf", "");
  directory_.Write("shop/f", "");

  EXPECT_THAT(Fetch({"tf/", "f"}, "9f1e2d3c"), IsOk());

  EXPECT_THAT(store_.commits(), ElementsAre("9f1e2d3c"));
}

TEST_F(ResourcesServiceTest, ScriptsGetTheRunBit) {
  directory_.Write("shop/run.sh", "#!/bin/sh\n");
  directory_.Write("shop/data", "# no script\n");
  directory_.Write("shop/empty", "");

  EXPECT_THAT(Fetch({"run.sh", "data", "empty"}), IsOk());

  EXPECT_THAT(scripts_, ElementsAre("run.sh"));
  EXPECT_EQ(files_.size(), 3);
}

TEST_F(ResourcesServiceTest, NothingLeavesTheProject) {
  directory_.Write("other/secret", "s");
  directory_.Write("shop/f", "");
  std::filesystem::create_symlink("/etc", directory_.path() + "/shop/link");

  for (const char* entry : {"../other/secret", "f/../../other/secret", "//etc/passwd", ".."}) {
    EXPECT_THAT(Fetch({entry}), StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(entry)))
        << entry;
  }
  EXPECT_THAT(Fetch({"link/passwd"}), StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_THAT(files_, IsEmpty());
}

TEST_F(ResourcesServiceTest, AnOutageIsWorthARetryAndNeverAMissingFile) {
  directory_.Write("shop/f", "");
  store_.GoAway();

  EXPECT_THAT(Fetch({"f"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is away")));
  EXPECT_THAT(Fetch({"tf/"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("is away")));
  EXPECT_EQ(metrics_.fetches_failed.Value(), 2);
}

TEST_F(ResourcesServiceTest, WhatIsMissingIsNamedWithWhereItWasLookedFor) {
  EXPECT_THAT(
      Fetch({"nope/"}),
      StatusIs(absl::StatusCode::kNotFound,
               HasSubstr("\"nope/\" is on no level (service cart, stage dev, project shop)")));
}

}  // namespace
}  // namespace jobexec::scheduler
