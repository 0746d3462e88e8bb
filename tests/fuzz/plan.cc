#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "common/json/json.h"
#include "common/runs/event_facts.h"
#include "common/runs/names.h"
#include "common/runs/schema.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/planner.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using Json = nlohmann::json;
using scheduler::EventInput;
using scheduler::Plan;
using scheduler::PlannedJob;

const scheduler::Planner& ThePlanner() {
  static const auto* const kPlanner = [] {
    scheduler::PlannerSettings settings;
    settings.installation = "inst";
    settings.defaults.job_namespace = "home";
    settings.defaults.deployment_name = "jes";
    settings.defaults.init_image = "init:1";
    settings.fetch_address = "scheduler:9090";
    return new scheduler::Planner(settings, scheduler::GrantSigner("key"));
  }();
  return *kPlanner;
}

bool IsNameCharacter(char c) {
  return absl::ascii_islower(static_cast<unsigned char>(c)) ||
         absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '-';
}

bool IsJobName(const std::string& name) {
  return !name.empty() && name.size() <= 63 && name.front() != '-' && name.back() != '-' &&
         std::all_of(name.begin(), name.end(), IsNameCharacter);
}

// Those of metadata.labels that are jobexec's own are legal values; the user's are checked by the
// API server.
absl::Status CheckLabels(const Json& metadata) {
  for (const char* const name :
       {runs::kInstallationLabel, runs::kEventLabel, runs::kRoleLabel, runs::kContextLabel}) {
    const std::string value = json::GetString(metadata["labels"], name);
    RETURN_IF_ERROR(Require(runs::LabelValue(value) == value, "a label has a legal value"));
  }
  return absl::OkStatus();
}

absl::Status CheckJob(const PlannedJob& job, const EventInput& input) {
  RETURN_IF_ERROR(Require(job.body.size() <= runs::kMaxJobBytes, "a Job is not too large"));
  RETURN_IF_ERROR(Require(IsJobName(job.name), "the name of a Job is a DNS label"));
  // Written with replacements where the config or the event is not UTF-8, which cannot be.
  RETURN_IF_ERROR(Require(IsValidUtf8(job.body), "a Job is UTF-8"));
  const auto body = json::Parse(job.body);
  RETURN_IF_ERROR(body.status());
  RETURN_IF_ERROR(CheckLabels((*body)["metadata"]));
  ASSIGN_OR_RETURN(const runs::JobRecord record, runs::ReadJob(*body));
  return Require(record.name == job.name && record.name_space == job.name_space &&
                     record.facts.id == input.facts.id && record.facts.source == input.facts.source,
                 "a Job reads back as it was planned");
}

absl::Status CheckAnchor(const Plan& plan) {
  const auto anchor = runs::ReadJob(*json::Parse(plan.anchor.body));
  RETURN_IF_ERROR(Require(anchor->refused == plan.refusal.has_value(), "refused or not"));
  if (plan.refusal.has_value()) return RequireReadable(plan.refusal->message);
  RETURN_IF_ERROR(Require(anchor->manifest == plan.manifest, "the manifest reads back the same"));
  std::multiset<std::string> named;
  std::multiset<std::string> planned;
  for (const runs::ManifestEntry& entry : plan.manifest) {
    if (!entry.refusal.empty()) RETURN_IF_ERROR(RequireReadable(entry.refusal));
    if (!entry.job.empty() && entry.job != plan.anchor.name) named.insert(entry.job);
  }
  for (const PlannedJob& member : plan.members) planned.insert(member.name);
  return Require(named == planned, "the manifest names each member once");
}

absl::Status CheckPlan(const Plan& plan, const EventInput& input) {
  RETURN_IF_ERROR(CheckJob(plan.anchor, input));
  for (const PlannedJob& member : plan.members) RETURN_IF_ERROR(CheckJob(member, input));
  return CheckAnchor(plan);
}

bool IsSame(const Plan& left, const Plan& right) {
  const auto same_job = [](const PlannedJob& a, const PlannedJob& b) { return a.body == b.body; };
  return same_job(left.anchor, right.anchor) &&
         std::equal(left.members.begin(), left.members.end(), right.members.begin(),
                    right.members.end(), same_job);
}

}  // namespace

absl::Status FuzzPlan(absl::string_view input) {
  const auto [config_text, event_text] = SplitInput(input);
  scheduler::ParsedConfig parsed = scheduler::ParseJobConfig("job/config.yaml", config_text);
  auto document = json::Parse(event_text);
  if (!parsed.ok() || !document.ok() || !document->is_object()) return absl::OkStatus();
  auto facts = runs::FactsOf(*document);
  if (!facts.ok()) return RequireReadable(facts.status().message());
  const EventInput event{*std::move(document), *std::move(facts)};
  const scheduler::CompiledConfig config(std::move(parsed.config));
  const std::vector<int> matching = MatchingActions(config, event.facts.type, event.document);
  if (matching.empty()) return absl::OkStatus();

  const auto plan = [&] {
    return ThePlanner().PlanRuns(event, config.config(), matching, {}, absl::UnixEpoch());
  };
  const Plan first = plan();
  RETURN_IF_ERROR(CheckPlan(first, event));
  return Require(IsSame(first, plan()), "the same input gives the same plan");
}

}  // namespace jobexec::fuzz
