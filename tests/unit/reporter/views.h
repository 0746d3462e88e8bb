// Jobs and pods for tests, as the reporter keeps them: one call per sentence of a test.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/runs/names.h"
#include "reporter/run_state.h"

namespace jobexec::reporter::testing {

inline constexpr char kHash[] = "3b86cd6bf79642a53842ee86";
inline constexpr char kPlan[] = "0a1b2c3d";

inline absl::Time At(int seconds) { return absl::FromUnixSeconds(1'700'000'000 + seconds); }

inline std::string JobName(int action, int task) {
  if (action == 0 && task == 1) return runs::AnchorName(kHash);
  return runs::MemberName(kHash, action, task, kPlan);
}

inline runs::ManifestEntry Entry(int action, int task) {
  return {.name_space = "jobs",
          .job = JobName(action, task),
          .action = action,
          .task = task,
          .action_name = absl::StrCat("action", action),
          .task_name = absl::StrCat("task", task)};
}

// A member of the plan, planned, without verdict.
inline JobView Member(int action, int task) {
  JobView view;
  view.record.name_space = "jobs";
  view.record.name = JobName(action, task);
  view.record.uid = absl::StrCat("uid-", action, "-", task);
  view.record.resource_version = "10";
  view.record.event_hash = kHash;
  view.record.plan = kPlan;
  view.record.facts = {.id = "event-1", .source = "src", .type = "sh.keptn.event.deploy.triggered"};
  view.record.ttl_seconds = 3600;
  view.record.create_time = At(0);
  view.one_pod = true;
  return view;
}

inline JobView Released(JobView view) {
  view.record.phase = runs::Phase::kReleased;
  if (view.record.role == runs::Role::kMember) {
    view.record.has_answer_finalizer = true;
    view.record.answer_finalizer_index = 0;
  }
  return view;
}

// The anchor of an event with these Jobs, released.
inline JobView Anchor(std::vector<runs::ManifestEntry> manifest) {
  JobView view = Released(Member(0, 1));
  view.record.role = runs::Role::kAnchor;
  view.record.manifest = std::move(manifest);
  view.record.ledger.state = runs::Ledger::State::kNothing;
  view.record.has_answer_finalizer = true;
  view.record.answer_finalizer_index = 0;
  view.record.facts.project = "sockshop";
  view.record.facts.stage = "dev";
  view.record.facts.service = "carts";
  view.record.facts.keptn_context = "context-1";
  return view;
}

inline JobView Passed(JobView view, int at = 100) {
  view.verdict = JobView::Verdict::kPassed;
  view.end_time = At(at);
  return view;
}

inline JobView Failed(JobView view, std::string reason = "BackoffLimitExceeded") {
  view.verdict = JobView::Verdict::kFailed;
  view.failure_reason = std::move(reason);
  view.failure_message = "Job has reached the specified backoff limit";
  view.end_time = At(100);
  return view;
}

inline JobView Stopped(JobView view, std::string why) {
  view.record.phase = runs::Phase::kStopped;
  view.record.why = std::move(why);
  return view;
}

inline JobView Deleting(JobView view, int at) {
  view.record.delete_time = At(at);
  return view;
}

inline JobView Gone(JobView view) {
  view.gone = true;
  return view;
}

inline JobView WithLedger(JobView view, absl::string_view ledger) {
  view.record.ledger = *runs::ParseLedger(ledger);
  return view;
}

// The pod of a Job, running.
inline PodView Pod(const JobView& job) {
  PodView pod;
  pod.name_space = "jobs";
  pod.name = absl::StrCat(job.record.name, "-x");
  pod.uid = absl::StrCat("pod-", job.record.uid);
  pod.resource_version = "10";
  pod.event_hash = kHash;
  pod.owner_uid = job.record.uid;
  pod.phase = PodView::Phase::kRunning;
  pod.create_time = At(1);
  pod.containers.push_back({.name = "main", .state = ContainerView::State::kRunning});
  return pod;
}

inline PodView Ended(PodView pod, int exit_code, int at = 50) {
  pod.phase = exit_code == 0 ? PodView::Phase::kSucceeded : PodView::Phase::kFailed;
  pod.containers[0].state = ContainerView::State::kTerminated;
  pod.containers[0].exit_code = exit_code;
  pod.containers[0].reason = exit_code == 0 ? "Completed" : "Error";
  pod.containers[0].finish_time = At(at);
  return pod;
}

inline EventSnapshot Snapshot(std::vector<JobView> jobs, std::vector<PodView> pods = {}) {
  EventSnapshot snapshot;
  snapshot.hash = kHash;
  for (JobView& job : jobs) {
    snapshot.jobs.push_back(std::make_shared<const JobView>(std::move(job)));
  }
  for (PodView& pod : pods) {
    snapshot.pods.push_back(std::make_shared<const PodView>(std::move(pod)));
  }
  return snapshot;
}

}  // namespace jobexec::reporter::testing
