#include "reporter/job_watcher.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <thread>

#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"
#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using namespace testing;  // NOLINT: builders of this folder

bool WaitUntil(const std::function<bool()>& condition) {
  return jobexec::testing::PollUntil(condition, absl::Seconds(30));
}

class JobWatcherTest : public ::testing::Test {
 protected:
  JobWatcherTest() : queue_(clock_), metrics_(registry_) { queue_.Open(); }

  ~JobWatcherTest() override {
    for (const auto& watcher : watchers_) watcher->Stop();
    for (std::thread& thread : threads_) thread.join();
  }

  JobWatcher& Watch(JobWatcher::Resource resource) {
    watchers_.push_back(std::make_unique<JobWatcher>(
        resource, "jobs", "jobexec", JobWatcher::Parts{kube_, store_, queue_, metrics_, clock_}));
    threads_.emplace_back([w = watchers_.back().get()] { w->Run(); });
    return *watchers_.back();
  }

  void Put(const JobView& view) { kube_.Put(kube::Jobs("jobs"), JobJson(view)); }

  // Waits until the anchor, as the store knows it, is so.
  bool Becomes(const std::function<bool(const JobView&)>& condition) {
    return WaitUntil([&] {
      const std::optional<EventSnapshot> snapshot = store_.Get(kHash);
      return snapshot.has_value() && !snapshot->jobs.empty() && condition(*snapshot->jobs[0]);
    });
  }
  bool HasLedger(const std::string& ledger) {
    return Becomes(
        [&](const JobView& job) { return runs::FormatLedger(job.record.ledger) == ledger; });
  }

  const JobView anchor_ = Anchor({Entry(0, 1)});
  jobexec::testing::ManualClock clock_;
  jobexec::testing::FakeKubeClient kube_;
  prometheus::Registry registry_;
  Store store_;
  WorkQueue queue_;
  Metrics metrics_;
  std::vector<std::unique_ptr<JobWatcher>> watchers_;
  std::vector<std::thread> threads_;
};

TEST_F(JobWatcherTest, ListsThenWatches) {
  Put(anchor_);
  const JobWatcher& watcher = Watch(JobWatcher::Resource::kJobs);
  ASSERT_TRUE(WaitUntil([&] { return watcher.synced(); }));
  EXPECT_TRUE(store_.Get(kHash)->inherited) << "it was there before us";
  EXPECT_EQ(queue_.TryTake(), kHash);
  queue_.Done(kHash);

  Put(WithLedger(anchor_, "s:7"));
  EXPECT_TRUE(HasLedger("s:7"));
  EXPECT_TRUE(WaitUntil([&] { return queue_.TryTake().has_value(); }));
}

TEST_F(JobWatcherTest, WhatComesLaterIsOurs) {
  const JobWatcher& watcher = Watch(JobWatcher::Resource::kJobs);
  ASSERT_TRUE(WaitUntil([&] { return watcher.synced(); }));
  Put(anchor_);
  EXPECT_TRUE(HasLedger("-"));
  EXPECT_FALSE(store_.Get(kHash)->inherited);
}

TEST_F(JobWatcherTest, OtherInstallationsAreNotSeen) {
  Json job = JobJson(anchor_);
  job["metadata"]["labels"][runs::kInstallationLabel] = "other";
  kube_.Put(kube::Jobs("jobs"), job);
  const JobWatcher& watcher = Watch(JobWatcher::Resource::kJobs);
  ASSERT_TRUE(WaitUntil([&] { return watcher.synced(); }));
  EXPECT_FALSE(store_.Get(kHash).has_value());
}

TEST_F(JobWatcherTest, SeesDeletions) {
  Put(anchor_);
  Watch(JobWatcher::Resource::kJobs);
  ASSERT_TRUE(HasLedger("-"));
  kube_.Remove(kube::Jobs("jobs"), anchor_.record.name);
  EXPECT_TRUE(Becomes([](const JobView& job) { return job.gone; }));
}

TEST_F(JobWatcherTest, ACutWatchGoesOnWhereItWas) {
  Put(anchor_);
  Watch(JobWatcher::Resource::kJobs);
  kube_.AwaitIdleWatches(1);
  kube_.EndWatches(absl::UnavailableError("cut"));
  Put(WithLedger(anchor_, "s:8"));
  EXPECT_TRUE(HasLedger("s:8"));
  EXPECT_EQ(kube_.Count("list"), 1);
}

TEST_F(JobWatcherTest, SilenceReopensTheWatch) {
  Put(anchor_);
  Watch(JobWatcher::Resource::kJobs);
  kube_.AwaitIdleWatches(1);
  kube_.EndWatches(absl::DeadlineExceededError("idle"));
  EXPECT_TRUE(WaitUntil([&] { return kube_.Count("watch") >= 2; }));
  EXPECT_EQ(kube_.Count("list"), 1);
}

TEST_F(JobWatcherTest, AfterGoneEverythingIsListedAgain) {
  JobView other = Member(0, 2);
  Put(anchor_);
  Put(other);
  Watch(JobWatcher::Resource::kJobs);
  kube_.AwaitIdleWatches(1);
  // Whatever the watch may still get of this: it cannot apply it before the last change is
  // forgotten.
  store_.ForEachAnchor([&](const JobPtr&) {
    kube_.Remove(kube::Jobs("jobs"), other.record.name);
    kube_.ForgetHistory();
    Put(WithLedger(anchor_, "s:9"));
    kube_.ForgetHistory();
  });

  EXPECT_TRUE(HasLedger("s:9"));
  EXPECT_TRUE(WaitUntil([&] { return store_.Get(kHash)->jobs[1]->gone; }));
  EXPECT_EQ(kube_.Count("list"), 2);
}

TEST_F(JobWatcherTest, ListsAgainWhenAskedAndWhatIsThereIsInheritedThen) {
  JobWatcher& watcher = Watch(JobWatcher::Resource::kJobs);
  ASSERT_TRUE(WaitUntil([&] { return watcher.current(); }));
  Put(anchor_);
  Put(Member(0, 2));
  ASSERT_TRUE(WaitUntil([&] {
    const auto snapshot = store_.Get(kHash);
    return snapshot.has_value() && snapshot->jobs.size() == 2;
  }));
  EXPECT_FALSE(store_.Get(kHash)->inherited);

  kube_.AwaitIdleWatches(1);
  kube_.FailNext("list", absl::UnavailableError("busy"));
  watcher.ListAgain();
  EXPECT_FALSE(watcher.current());
  ASSERT_TRUE(WaitUntil([&] { return watcher.current(); }));
  EXPECT_EQ(kube_.Count("list"), 3);
  EXPECT_TRUE(store_.Get(kHash)->inherited);
  EXPECT_TRUE(watcher.synced());

  Put(WithLedger(anchor_, "s:7"));
  EXPECT_TRUE(HasLedger("s:7")) << "it watches on";
}

TEST_F(JobWatcherTest, AskedBeforeItsFirstListItListsOnce) {
  Put(anchor_);
  watchers_.push_back(
      std::make_unique<JobWatcher>(JobWatcher::Resource::kJobs, "jobs", "jobexec",
                                   JobWatcher::Parts{kube_, store_, queue_, metrics_, clock_}));
  watchers_[0]->ListAgain();
  threads_.emplace_back([this] { watchers_[0]->Run(); });
  kube_.AwaitIdleWatches(1);
  EXPECT_TRUE(watchers_[0]->current());
  EXPECT_EQ(kube_.Count("list"), 1);
}

TEST_F(JobWatcherTest, FailingListsAreRepeated) {
  Put(anchor_);
  kube_.FailNext("list", absl::PermissionDeniedError("no right"), 3);
  const JobWatcher& watcher = Watch(JobWatcher::Resource::kJobs);
  EXPECT_TRUE(WaitUntil([&] { return watcher.synced(); }));
  EXPECT_TRUE(store_.Get(kHash)->inherited);
}

TEST_F(JobWatcherTest, WatchesPods) {
  const Json pod = {
      {"metadata",
       {{"name", "p"},
        {"labels", {{runs::kInstallationLabel, "jobexec"}, {runs::kEventLabel, kHash}}},
        {"ownerReferences", {{{"uid", "uid-0-1"}, {"controller", true}}}}}},
      {"status", {{"phase", "Running"}}}};
  Watch(JobWatcher::Resource::kPods);
  kube_.Put(kube::Pods("jobs"), pod);
  EXPECT_TRUE(WaitUntil([&] { return store_.Get(kHash).has_value(); }));
  kube_.Remove(kube::Pods("jobs"), "p");
  EXPECT_TRUE(WaitUntil([&] { return !store_.Get(kHash).has_value(); }));
}

TEST_F(JobWatcherTest, AForeignObjectDoesNotStopIt) {
  kube_.Put(kube::Jobs("jobs"),
            {{"metadata", {{"name", "odd"}, {"labels", {{runs::kInstallationLabel, "jobexec"}}}}}});
  Put(anchor_);
  Watch(JobWatcher::Resource::kJobs);
  EXPECT_TRUE(HasLedger("-"));
}

}  // namespace
}  // namespace jobexec::reporter
