#include "cli/render.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/json/go_json.h"
#include "common/json/json.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/grant.h"

namespace jobexec::cli {
namespace {

using scheduler::Plan;
using scheduler::PlannedJob;
using scheduler::Shown;

const PlannedJob& JobNamed(const Plan& plan, const std::string& name) {
  const auto member = std::find_if(plan.members.begin(), plan.members.end(),
                                   [&](const PlannedJob& job) { return job.name == name; });
  return member == plan.members.end() ? plan.anchor : *member;
}

// When a Job runs that is created suspended.
std::string Turn(const runs::ManifestEntry& entry) {
  if (entry.task > 1) return "created suspended, runs after the task before it";
  return "created suspended, runs once the plan is complete";
}

std::string Title(const Plan& plan, const runs::ManifestEntry& entry) {
  const bool is_anchor = entry.job == plan.anchor.name;
  return absl::StrCat("action \"", Shown(entry.action_name), "\", task \"", Shown(entry.task_name),
                      "\": ", is_anchor ? "created last, runs at once" : Turn(entry));
}

std::string RecordTitle(const Plan& plan) {
  return plan.refusal.has_value() ? "record of the refusal: nothing runs"
                                  : "record of the plan: created last, runs nothing";
}

}  // namespace

std::vector<RenderedJob> RenderPlan(const Plan& plan) {
  std::vector<RenderedJob> jobs;
  bool has_anchor = false;
  for (const runs::ManifestEntry& entry : plan.manifest) {
    if (entry.job.empty()) continue;
    has_anchor = has_anchor || entry.job == plan.anchor.name;
    jobs.push_back({Title(plan, entry), scheduler::WithoutGrant(JobNamed(plan, entry.job).body)});
  }
  if (!has_anchor) jobs.push_back({RecordTitle(plan), plan.anchor.body});
  return jobs;
}

std::vector<std::string> RefusedActions(const Plan& plan) {
  std::vector<std::string> refused;
  if (plan.refusal.has_value()) refused.push_back(plan.refusal->message);
  for (const runs::ManifestEntry& entry : plan.manifest) {
    if (entry.refusal.empty()) continue;
    refused.push_back(absl::StrCat("action \"", Shown(entry.action_name), "\": ", entry.refusal));
  }
  return refused;
}

std::string JobsAsYaml(const std::vector<RenderedJob>& jobs) {
  std::string text;
  for (const RenderedJob& job : jobs) {
    const auto body = json::Parse(job.body);
    absl::StrAppend(&text, "---\n# ", job.title, "\n", body.ok() ? json::ToGoYaml(*body) : "");
  }
  return text;
}

std::string JobsAsJson(const std::vector<RenderedJob>& jobs) {
  std::string text;
  for (const RenderedJob& job : jobs) absl::StrAppend(&text, job.body, "\n");
  return text;
}

}  // namespace jobexec::cli
