// The fake behaves as its users' tests rely on.
#include "tests/support/fake_kube_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using Json = nlohmann::json;

constexpr absl::Duration kTimeout = absl::Seconds(1);

class Fake : public ::testing::Test {
 protected:
  Json Make(const std::string& name, Json metadata = Json::object()) {
    metadata["name"] = name;
    EXPECT_THAT(client_.Create(jobs_, Json{{"metadata", metadata}}.dump(), kTimeout), IsOk());
    return *client_.Get(jobs_, name, kTimeout);
  }
  std::string Version() {
    return (*client_.List(jobs_, {}, kTimeout))["metadata"]["resourceVersion"];
  }

  FakeKubeClient client_;
  const Collection jobs_ = Jobs("ns");
};

TEST_F(Fake, CreatesOnce) {
  const Json made = Make("a");

  EXPECT_EQ(made["metadata"]["uid"], "uid-1");
  EXPECT_EQ(made["metadata"]["namespace"], "ns");
  EXPECT_EQ(made["metadata"]["creationTimestamp"], "2023-11-14T22:13:20Z");
  EXPECT_THAT(client_.Create(jobs_, made.dump(), kTimeout),
              StatusIs(absl::StatusCode::kAlreadyExists, _));
  EXPECT_THAT(client_.Create(jobs_, "{}", kTimeout),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_EQ(*client_.Get(jobs_, "a", kTimeout), made);
  EXPECT_THAT(client_.Get(jobs_, "b", kTimeout), StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_EQ(client_.Count("create"), 3);
}

TEST_F(Fake, PatchesWithTests) {
  Make("a");
  const Json good = {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "uid-1"}},
                     {{"op", "add"}, {"path", "/spec"}, {"value", {{"suspend", false}}}}};
  const Json bad = {{{"op", "test"}, {"path", "/metadata/uid"}, {"value", "other"}},
                    {{"op", "remove"}, {"path", "/spec"}}};

  EXPECT_EQ((*client_.Patch(jobs_, "a", good, kTimeout))["spec"]["suspend"], false);
  EXPECT_THAT(client_.Patch(jobs_, "a", bad, kTimeout),
              StatusIs(absl::StatusCode::kInvalidArgument, _));
  EXPECT_TRUE(client_.Find(jobs_, "a").contains("spec"));
  EXPECT_THAT(client_.Patch(jobs_, "b", good, kTimeout), StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(Fake, UpdatesOnlyTheVersionThatWasRead) {
  Json job = Make("a");
  job["spec"] = 1;

  EXPECT_THAT(client_.Update(jobs_, "a", job, kTimeout), IsOk());
  EXPECT_THAT(client_.Update(jobs_, "a", job, kTimeout), StatusIs(absl::StatusCode::kAborted, _));
}

TEST_F(Fake, DeletesWhenUidAndFinalizersAllow) {
  Make("plain");
  Make("held", {{"finalizers", {"x"}}});

  EXPECT_THAT(client_.Delete(jobs_, "plain", "uid-9", kTimeout),
              StatusIs(absl::StatusCode::kAborted, _));
  EXPECT_THAT(client_.Delete(jobs_, "plain", "uid-1", kTimeout), IsOk());
  EXPECT_THAT(client_.Delete(jobs_, "plain", "", kTimeout),
              StatusIs(absl::StatusCode::kNotFound, _));
  EXPECT_THAT(client_.Delete(jobs_, "held", "", kTimeout), IsOk());
  EXPECT_TRUE(client_.Find(jobs_, "held")["metadata"].contains("deletionTimestamp"));
  const Json release = {{{"op", "remove"}, {"path", "/metadata/finalizers/0"}}};
  EXPECT_THAT(client_.Patch(jobs_, "held", release, kTimeout), IsOk());
  EXPECT_TRUE(client_.Find(jobs_, "held").is_null());
}

TEST_F(Fake, ListsBySelectors) {
  Make("a", {{"labels", {{"app", "x"}, {"run", "1"}}}});
  Make("b", {{"labels", {{"app", "x"}}}});
  client_.Put(Jobs("other"), {{"metadata", {{"name", "c"}, {"labels", {{"app", "x"}}}}}});
  const auto names = [&](const Collection& collection, const ListOptions& options) {
    std::vector<std::string> found;
    const Json list = *client_.List(collection, options, kTimeout);
    for (const Json& item : list["items"]) {
      found.push_back(item["metadata"]["name"]);
    }
    return found;
  };

  EXPECT_THAT(names(jobs_, {.label_selector = "app=x,run"}), ElementsAre("a"));
  EXPECT_THAT(names(jobs_, {.label_selector = "app=x"}), ElementsAre("a", "b"));
  EXPECT_THAT(names(Jobs(""), {.label_selector = "app=x"}), ElementsAre("a", "b", "c"));
  EXPECT_THAT(names(jobs_, {.label_selector = "app=y"}), ElementsAre());
  EXPECT_THAT(names(jobs_, {.field_selector = "metadata.name=b"}), ElementsAre("b"));
}

TEST_F(Fake, WatchesFromAVersionUntilStopped) {
  Make("before");
  const WatchOptions options = {.resource_version = Version()};
  Make("missed");
  absl::Notification stop;
  std::vector<std::string> seen;
  std::thread watcher([&] {
    EXPECT_THAT(
        client_.Watch(jobs_, options, stop,
                      [&](WatchEventType type, const Json& object) {
                        seen.push_back(absl::StrCat(static_cast<int>(type), " ",
                                                    object["metadata"]["name"].get<std::string>()));
                      }),
        StatusIs(absl::StatusCode::kCancelled, _));
  });
  client_.AwaitIdleWatches(1);
  Make("later");
  client_.Remove(jobs_, "before");
  client_.Put(jobs_, {{"metadata", {{"name", "later"}}}});
  client_.Put(Pods("ns"), {{"metadata", {{"name", "pod"}}}});
  client_.AwaitIdleWatches(1);
  stop.Notify();
  watcher.join();

  EXPECT_THAT(seen, ElementsAre("0 missed", "0 later", "2 before", "1 later"));
}

TEST_F(Fake, EndsWatchesOnRequestAndForForgottenVersions) {
  Make("a");
  const WatchOptions old = {.resource_version = "0"};
  absl::Notification stop;
  const auto ignore = [](WatchEventType, const Json&) {};
  std::thread watcher([&] { EXPECT_THAT(client_.Watch(jobs_, old, stop, ignore), IsOk()); });
  client_.AwaitIdleWatches(1);
  client_.EndWatches();
  watcher.join();

  client_.ForgetHistory();
  EXPECT_THAT(client_.Watch(jobs_, old, stop, ignore), StatusIs(absl::StatusCode::kOutOfRange, _));
}

TEST_F(Fake, FailsByScript) {
  client_.FailNext("create", absl::UnavailableError("down"));
  client_.LoseAnswerOfNext("create", absl::DeadlineExceededError("slow"));
  const std::string body = R"({"metadata":{"name":"a"}})";

  EXPECT_THAT(client_.Create(jobs_, body, kTimeout), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_TRUE(client_.Find(jobs_, "a").is_null());
  EXPECT_THAT(client_.Create(jobs_, body, kTimeout),
              StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  EXPECT_FALSE(client_.Find(jobs_, "a").is_null());
  EXPECT_THAT(client_.Get(jobs_, "a", kTimeout), IsOk());
}

TEST_F(Fake, GivesTheEndOfALog) {
  client_.SetLog("ns", "pod", "main", "0123456789");

  EXPECT_EQ(*client_.ReadLog("ns", "pod", "main", 4, kTimeout), "6789");
  EXPECT_EQ(*client_.ReadLog("ns", "pod", "main", 100, kTimeout), "0123456789");
  EXPECT_THAT(client_.ReadLog("ns", "pod", "init", 4, kTimeout),
              StatusIs(absl::StatusCode::kNotFound, _));
}

TEST_F(Fake, StreamsALogUntilItEnds) {
  client_.SetLog("ns", "pod", "main", "one\n");
  absl::Notification stop;
  std::string log;
  const auto take = [&](absl::string_view data) {
    log += std::string(data);
    if (log == "one\n") client_.SetLog("ns", "pod", "main", "one\ntwo\n");
    if (log == "one\ntwo\n") client_.EndLog("ns", "pod", "main");
    return true;
  };

  const LogOptions follow = {.container = "main", .follow = true};
  EXPECT_THAT(client_.StreamLog("ns", "pod", follow, stop, kTimeout, take), IsOk());
  EXPECT_EQ(log, "one\ntwo\n");
  EXPECT_THAT(client_.StreamLog("ns", "pod", {.container = "init"}, stop, kTimeout, take),
              StatusIs(absl::StatusCode::kNotFound, _));
  stop.Notify();
  EXPECT_THAT(client_.StreamLog("ns", "pod", follow, stop, kTimeout, take),
              StatusIs(absl::StatusCode::kCancelled, _));
}

}  // namespace
}  // namespace jobexec::kube
