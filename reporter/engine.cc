#include "reporter/engine.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "common/telemetry/log.h"

namespace jobexec::reporter {
namespace {

// How often delayed events and the leadership are looked at.
constexpr absl::Duration kTick = absl::Milliseconds(50);

}  // namespace

Engine::Engine(const Options& options, Parts parts) : options_(options), parts_(std::move(parts)) {
  for (const std::string& name_space : options_.namespaces) {
    for (const auto resource : {JobWatcher::Resource::kJobs, JobWatcher::Resource::kPods}) {
      watchers_.push_back(
          std::make_unique<JobWatcher>(resource, name_space, options_.installation,
                                       JobWatcher::Parts{parts_.kube, parts_.store, parts_.queue,
                                                         parts_.metrics, parts_.clock}));
    }
  }
}

Engine::~Engine() { Stop(); }

void Engine::Start() {
  // Who leads from the start needs no second list.
  FollowLeadership();
  for (const auto& watcher : watchers_) {
    threads_.emplace_back([w = watcher.get()] { w->Run(); });
  }
  for (int i = 0; i < options_.workers; ++i) {
    threads_.emplace_back([this] { Work(); });
  }
  threads_.emplace_back([this] { Tick(); });
  parts_.leadership.Start([this] { return Synced(); });
}

void Engine::Stop() {
  absl::MutexLock lock(&stop_mutex_);
  if (stop_.HasBeenNotified()) return;
  stop_.Notify();
  parts_.queue.Close();
  for (const auto& watcher : watchers_) watcher->Stop();
  for (std::thread& thread : threads_) thread.join();
  parts_.leadership.End();
  parts_.reset_connections();
  parts_.leadership.Stop();
}

bool Engine::Synced() const {
  return std::all_of(watchers_.begin(), watchers_.end(),
                     [](const auto& watcher) { return watcher->synced(); });
}

bool Engine::AllCurrent() const {
  return std::all_of(watchers_.begin(), watchers_.end(),
                     [](const auto& watcher) { return watcher->current(); });
}

// One worker.
void Engine::Work() {
  while (const std::optional<std::string> hash = parts_.queue.Take()) {
    {
      absl::ReaderMutexLock lock(&work_mutex_);
      if (parts_.leadership.MayAct()) {
        parts_.reconciler.Process(*hash);
      } else {
        parts_.store.DropGone(*hash);
      }
    }
    parts_.feed.Notify(*hash);
    parts_.queue.Done(*hash);
  }
}

void Engine::Tick() {
  bool open = false;
  do {
    FollowLeadership();
    if (!open && Synced()) {
      open = true;
      log::Info("first lists are complete");
      parts_.on_synced();
      parts_.queue.Open();
    }
    parts_.queue.AddDue();
  } while (!parts_.clock.WaitOrStop(stop_, kTick));
}

void Engine::FollowLeadership() {
  const uint64_t acting = parts_.leadership.acting_term();
  const uint64_t term = parts_.leadership.Term();
  if (acting != 0 && acting != term) StepDown();
  if (term == 0 || term == parts_.leadership.acting_term()) return;
  if (preparing_term_ != term) {
    preparing_term_ = term;
    for (const auto& watcher : watchers_) watcher->ListAgain();
  } else if (AllCurrent()) {
    TakeOver(term);
  }
}

void Engine::TakeOver(uint64_t term) {
  // What is in no list has no life that could be inherited.
  const std::vector<std::string> hashes = parts_.store.DropAllGone();
  parts_.leadership.Begin(term);
  parts_.metrics.SetActing(true);
  log::Info("acts from here on",
            {{"term", absl::StrCat(term)}, {"inherited_events", absl::StrCat(hashes.size())}});
  for (const std::string& hash : hashes) parts_.queue.Add(hash);
}

void Engine::StepDown() {
  parts_.leadership.End();
  parts_.metrics.SetActing(false);
  parts_.reset_connections();
  absl::MutexLock lock(&work_mutex_);
  parts_.reconciler.ForgetAll();
  log::Warning("acts no longer: it has lost the leadership");
}

}  // namespace jobexec::reporter
