#include "scheduler/launcher.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "common/base/status_details.h"

namespace jobexec::scheduler {
namespace {

// Longest wait for one call; the submission's deadline may cut it short.
constexpr absl::Duration kCreateTimeout = absl::Seconds(15);

}  // namespace

absl::Status Launcher::Create(const PlannedJob& job, absl::Time deadline) {
  const absl::Duration left = deadline - clock_.TimeNow();
  if (left <= absl::ZeroDuration()) {
    return absl::DeadlineExceededError("the submission's deadline has passed");
  }
  return kube_.Create(kube::Jobs(job.name_space), job.body, std::min(left, kCreateTimeout));
}

LaunchResult Launcher::Launch(const Plan& plan, const runs::EventFacts& facts,
                              const std::string& installation, absl::Time deadline) {
  LaunchResult members = CreateMembers(plan, deadline);
  if (!members.status.ok()) return members;
  return CreateAnchor(plan, facts, installation, deadline);
}

LaunchResult Launcher::CreateMembers(const Plan& plan, absl::Time deadline) {
  std::vector<absl::Status> results(plan.members.size());
  absl::BlockingCounter pending(static_cast<int>(plan.members.size()));
  for (size_t i = 0; i < plan.members.size(); ++i) {
    const auto create = [&, i] {
      results[i] = Create(plan.members[i], deadline);
      pending.DecrementCount();
    };
    // A full pool only means that this thread does the work.
    if (!members_.TrySubmit(create)) create();
  }
  pending.Wait();
  for (size_t i = 0; i < results.size(); ++i) {
    // The name holds the plan's hash: a Job that is there is this plan's Job.
    if (results[i].ok() || absl::IsAlreadyExists(results[i])) continue;
    return {.status = Annotate(results[i], absl::StrCat("creating Job ", plan.members[i].name)),
            .failed_action = plan.members[i].action};
  }
  return {};
}

LaunchResult Launcher::CreateAnchor(const Plan& plan, const runs::EventFacts& facts,
                                    const std::string& installation, absl::Time deadline) {
  const absl::Status status = Create(plan.anchor, deadline);
  if (status.ok()) return {};
  if (absl::IsAlreadyExists(status)) {
    LaunchResult found = Find(plan.anchor, facts, installation);
    if (found.status.ok() && !found.existing.has_value()) {
      found.status = absl::UnavailableError(
          absl::StrCat("Job ", plan.anchor.name, " was there when it was created and is gone now"));
    }
    return found;
  }
  return {.status = Annotate(status, absl::StrCat("creating Job ", plan.anchor.name)),
          .failed_action = plan.anchor.action};
}

LaunchResult Launcher::Find(const PlannedJob& anchor, const runs::EventFacts& facts,
                            const std::string& installation) {
  const auto job = kube_.Get(kube::Jobs(anchor.name_space), anchor.name, kCreateTimeout);
  if (absl::IsNotFound(job.status())) return {};
  if (!job.ok()) {
    return {.status = absl::UnavailableError(
                absl::StrCat("reading Job ", anchor.name, ": ", job.status().message()))};
  }
  const auto record = runs::ReadJob(*job);
  if (record.ok() && record->installation == installation && record->facts.source == facts.source &&
      record->facts.id == facts.id) {
    return {.existing = *record};
  }
  absl::Status taken = absl::AlreadyExistsError(absl::StrCat(
      "Job ", anchor.name, " of event ", facts.id, " from ", facts.source,
      " exists already and belongs to ",
      record.ok() ? absl::StrCat("event ", record->facts.id, " from ", record->facts.source,
                                 " of installation ", record->installation)
                  : absl::StrCat("something else (", record.status().message(), ")")));
  SetReason(taken, "NAME_TAKEN");
  return {.status = taken};
}

}  // namespace jobexec::scheduler
