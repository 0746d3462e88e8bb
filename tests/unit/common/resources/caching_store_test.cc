#include "common/resources/caching_store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <thread>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "common/telemetry/metrics.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace jobexec::resources {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

const Scope kScope = {"shop", "dev", "cart"};
const Scope kOtherService = {"shop", "dev", "payment"};
const Scope kOtherStage = {"shop", "qa", "cart"};
constexpr char kCommit[] = "9f1e2d3c4b5a69788796a5b4c3d2e1f001122334";
constexpr char kOtherCommit[] = "0000000000000000000000000000000000000000";

// Remembers what it was asked; every file has "content of PATH", but for those that `answer_`
// gives.
class CountedStore final : public Store {
 public:
  absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                   absl::string_view commit) override {
    Note(absl::StrCat(LevelName(level), " ", scope.service, " ", path, "@", commit));
    if (answer) return answer();
    return absl::StrCat("content of ", path);
  }
  absl::StatusOr<std::vector<std::string>> List(const Scope&, Level, absl::string_view path,
                                                absl::string_view) override {
    Note(absl::StrCat("list ", path));
    if (answer) return answer().status();
    return std::vector<std::string>{absl::StrCat(path, "/a"), absl::StrCat(path, "/b")};
  }
  std::string EffectiveCommit(Level level, absl::string_view,
                              absl::string_view commit) const override {
    return level == Level::kProject ? "" : std::string(commit);
  }
  absl::Status CheckReady() const override { return absl::UnavailableError("not ready"); }

  int calls() const {
    absl::MutexLock lock(&mutex_);
    return static_cast<int>(calls_.size());
  }
  std::function<absl::StatusOr<std::string>()> answer;  // set it before the calls

 private:
  void Note(std::string call) {
    absl::MutexLock lock(&mutex_);
    calls_.push_back(std::move(call));
  }
  mutable absl::Mutex mutex_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
};

class CachingStoreTest : public ::testing::Test {
 protected:
  std::string Read(absl::string_view path, absl::string_view commit = kCommit,
                   Level level = Level::kService, const Scope& scope = kScope) {
    return cache_.Read(scope, level, path, commit).value_or("(error)");
  }
  std::string Metrics() const { return SerializeMetrics(registry_); }

  CountedStore store_;
  testing::FakeClock clock_;
  prometheus::Registry registry_;
  CachingStore cache_{store_, {.max_bytes = 4000}, clock_, registry_};
};

TEST_F(CachingStoreTest, AFileAtACommitIsReadOnceForEver) {
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(Read("f"), "content of f");
    clock_.Advance(absl::Hours(100));
  }
  EXPECT_EQ(store_.calls(), 1);
  EXPECT_THAT(Metrics(), ::testing::AllOf(
                             HasSubstr("jobexec_resource_cache_lookups_total{result=\"hit\"} 2"),
                             HasSubstr("jobexec_resource_cache_lookups_total{result=\"miss\"} 1")));
}

TEST_F(CachingStoreTest, TheNewestFileIsReadAgainAfterItsAge) {
  Read("f", "");
  clock_.Advance(absl::Seconds(4));
  Read("f", "");
  EXPECT_EQ(store_.calls(), 1);
  clock_.Advance(absl::Seconds(1));
  Read("f", "");
  EXPECT_EQ(store_.calls(), 2);
}

// What is no whole commit id may come to mean another commit.
TEST_F(CachingStoreTest, AbbreviationsAndBranchesAreNotKeptLong) {
  for (const char* revision : {"9f1e2d3c", "master", "9f1e2d3c4b5a69788796a5b4c3d2e1f00112233x"}) {
    const int before = store_.calls();
    Read("f", revision);
    Read("f", revision);
    EXPECT_EQ(store_.calls(), before + 1) << revision;
    clock_.Advance(absl::Seconds(5));
    Read("f", revision);
    EXPECT_EQ(store_.calls(), before + 2) << revision;
  }
}

TEST_F(CachingStoreTest, WhatTheStoreDoesNotPinIsNotKeptLong) {
  Read("f", kCommit, Level::kProject);
  Read("f", kOtherCommit, Level::kProject);
  EXPECT_EQ(store_.calls(), 1) << "the same newest file";
  clock_.Advance(absl::Seconds(5));
  Read("f", kCommit, Level::kProject);
  EXPECT_EQ(store_.calls(), 2);
}

TEST_F(CachingStoreTest, EachPlaceCommitAndPathIsItsOwn) {
  Read("f");
  Read("g");
  Read("f", kOtherCommit);
  Read("f", "");
  Read("f", kCommit, Level::kService, kOtherService);
  Read("f", kCommit, Level::kService, kOtherStage);
  Read("f", kCommit, Level::kStage);
  Read("f", kCommit, Level::kStage, kOtherStage);
  Read("f", kCommit, Level::kProject);
  EXPECT_EQ(store_.calls(), 9);
}

TEST_F(CachingStoreTest, ServicesShareTheLevelsAbove) {
  Read("f", kCommit, Level::kStage, kScope);
  Read("f", kCommit, Level::kStage, kOtherService);
  EXPECT_EQ(store_.calls(), 1);
  Read("f", kCommit, Level::kProject, kScope);
  Read("f", kCommit, Level::kProject, kOtherStage);
  EXPECT_EQ(store_.calls(), 2);
}

TEST_F(CachingStoreTest, AMissingFileIsRememberedShortly) {
  store_.answer = [] { return absl::NotFoundError("no such file"); };
  const auto missing = [this](absl::string_view commit) {
    EXPECT_THAT(cache_.Read(kScope, Level::kService, "f", commit),
                StatusIs(absl::StatusCode::kNotFound, "no such file"));
  };

  missing(kCommit);
  clock_.Advance(absl::Seconds(29));
  missing(kCommit);
  EXPECT_EQ(store_.calls(), 1);
  clock_.Advance(absl::Seconds(1));
  missing(kCommit);
  EXPECT_EQ(store_.calls(), 2);

  missing("");
  clock_.Advance(absl::Seconds(5));
  missing("");
  EXPECT_EQ(store_.calls(), 4);
}

TEST_F(CachingStoreTest, ErrorsAreNotKept) {
  for (const auto code : {absl::StatusCode::kUnavailable, absl::StatusCode::kResourceExhausted,
                          absl::StatusCode::kInvalidArgument}) {
    store_.answer = [code] { return absl::Status(code, "bad"); };
    EXPECT_THAT(cache_.Read(kScope, Level::kService, "f", kCommit), StatusIs(code, "bad"));
  }
  store_.answer = nullptr;
  EXPECT_EQ(Read("f"), "content of f");
}

TEST_F(CachingStoreTest, AnOutageIsNotHiddenByAnOldFile) {
  Read("f", "");
  store_.answer = [] { return absl::UnavailableError("away"); };
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(cache_.Read(kScope, Level::kService, "f", ""),
              StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(CachingStoreTest, ListsAreKeptAsLongAsNewestFiles) {
  const auto list = [this] { return cache_.List(kScope, Level::kService, "d", kCommit); };

  EXPECT_THAT(*list(), ElementsAre("d/a", "d/b"));
  EXPECT_THAT(*list(), ElementsAre("d/a", "d/b"));
  EXPECT_EQ(store_.calls(), 1);
  clock_.Advance(absl::Seconds(5));
  EXPECT_THAT(*list(), ElementsAre("d/a", "d/b"));
  EXPECT_EQ(store_.calls(), 2);
  Read("d");
  EXPECT_EQ(store_.calls(), 3) << "a list is no file";
}

TEST_F(CachingStoreTest, TheLeastRecentlyUsedGoFirstAndTheBoundHolds) {
  store_.answer = [] { return std::string(800, 'x'); };  // three fit into 4000
  for (const char* path : {"a", "b", "c"}) Read(path);
  Read("a");
  EXPECT_EQ(store_.calls(), 3);
  Read("d");
  EXPECT_EQ(store_.calls(), 4);

  Read("a");
  Read("c");
  EXPECT_EQ(store_.calls(), 4) << "kept";
  Read("b");
  EXPECT_EQ(store_.calls(), 5) << "was the oldest";
  EXPECT_THAT(Metrics(), ::testing::ContainsRegex("jobexec_resource_cache_bytes 3[0-9]{3}\n"));
}

TEST_F(CachingStoreTest, WhatIsLargerThanTheWholeIsNotKept) {
  Read("small");
  store_.answer = [] { return std::string(5000, 'x'); };
  EXPECT_EQ(Read("large").size(), 5000);
  EXPECT_EQ(Read("large").size(), 5000);
  EXPECT_EQ(store_.calls(), 3);
  Read("small");
  EXPECT_EQ(store_.calls(), 3) << "and drives nothing out";
}

TEST_F(CachingStoreTest, WithoutRoomEveryCallIsPassedOn) {
  prometheus::Registry registry;
  CachingStore cache(store_, {.max_bytes = 0}, clock_, registry);
  EXPECT_THAT(cache.Read(kScope, Level::kService, "f", kCommit), IsOk());
  EXPECT_THAT(cache.Read(kScope, Level::kService, "f", kCommit), IsOk());
  EXPECT_EQ(store_.calls(), 2);
}

// Eight callers at once; the store answers when the last of them has asked.
class JoinedCallers : public CachingStoreTest {
 protected:
  std::vector<absl::StatusOr<std::string>> ReadAtOnce(const absl::StatusOr<std::string>& result) {
    constexpr int kCallers = 8;
    absl::Notification go;
    store_.answer = [&go, result] {
      go.WaitForNotification();
      return result;
    };
    std::vector<absl::StatusOr<std::string>> results(kCallers);
    std::vector<std::thread> threads;
    for (int i = 0; i < kCallers; ++i) {
      threads.emplace_back(
          [this, i, &results] { results[i] = cache_.Read(kScope, Level::kService, "f", kCommit); });
    }
    while (!absl::StrContains(Metrics(), "{result=\"joined\"} 7")) std::this_thread::yield();
    go.Notify();
    for (std::thread& thread : threads) thread.join();
    return results;
  }
};

TEST_F(JoinedCallers, OneReadServesAllWhoAskMeanwhile) {
  for (const auto& result : ReadAtOnce(std::string("x"))) EXPECT_EQ(result.value_or(""), "x");
  EXPECT_EQ(store_.calls(), 1);
}

TEST_F(JoinedCallers, AnErrorIsSharedAndForgotten) {
  for (const auto& result : ReadAtOnce(absl::UnavailableError("away"))) {
    EXPECT_THAT(result, StatusIs(absl::StatusCode::kUnavailable, "away"));
  }
  EXPECT_EQ(store_.calls(), 1);
  store_.answer = nullptr;
  EXPECT_EQ(Read("f"), "content of f");
}

TEST_F(CachingStoreTest, PassesReadinessOn) {
  EXPECT_THAT(cache_.CheckReady(), StatusIs(absl::StatusCode::kUnavailable, "not ready"));
}

}  // namespace
}  // namespace jobexec::resources
