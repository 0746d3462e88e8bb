#include "scheduler/planner.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/hash.h"
#include "common/base/printable.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"
#include "common/runs/names.h"
#include "scheduler/jobs/job_builder.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

constexpr int64_t kDefaultTtlSeconds = 21600;

// A Job that runs nothing: it is complete at once.
Json RecordJob(const JobDefaults& defaults, const runs::EventFacts& facts) {
  Json labels = defaults.user_labels;
  labels["app.kubernetes.io/managed-by"] = defaults.deployment_name;
  Json job = {{"apiVersion", "batch/v1"},
              {"kind", "Job"},
              {"metadata", {{"namespace", defaults.job_namespace}, {"labels", labels}}},
              {"spec",
               {{"completions", 0},
                {"parallelism", 0},
                {"backoffLimit", 0},
                {"template",
                 {{"spec",
                   {{"restartPolicy", "Never"},
                    {"containers", {{{"name", "record"}, {"image", "record"}}}}}}}}}}};
  job["metadata"]["labels"][runs::kContextLabel] = runs::LabelValue(facts.keptn_context);
  job["metadata"]["labels"]["keptn.sh/event-id"] = runs::LabelValue(facts.id);
  return job;
}

// What every object of an event carries.
void AddIdentity(const runs::EventFacts& facts, const std::string& installation, runs::Role role,
                 const std::string& name, int64_t ttl_seconds, Json& job) {
  const std::string event_hash = runs::EventHash(facts.source, facts.id);
  Json& metadata = job["metadata"];
  metadata["name"] = name;
  metadata["labels"][runs::kInstallationLabel] = installation;
  metadata["labels"][runs::kEventLabel] = event_hash;
  metadata["labels"][runs::kRoleLabel] = std::string(runs::RoleName(role));
  metadata["annotations"][runs::kEventSourceAnnotation] = facts.source;
  metadata["annotations"][runs::kEventIdAnnotation] = facts.id;
  metadata["annotations"][runs::kEventTypeAnnotation] = facts.type;
  metadata["annotations"][runs::kTtlAnnotation] = absl::StrCat(ttl_seconds);
  // The reporter watches pods by these labels.
  Json& pod_labels = job["spec"]["template"]["metadata"]["labels"];
  pod_labels[runs::kInstallationLabel] = installation;
  pod_labels[runs::kEventLabel] = event_hash;
}

// What only the anchor (or the record in its place) carries. Without anything left to do for the
// reporter the TTL counts from birth and nothing holds the object.
void AddAnchorFacts(const runs::EventFacts& facts, bool answer_owed, bool held, Json& job) {
  Json& annotations = job["metadata"]["annotations"];
  annotations[runs::kPhaseAnnotation] = std::string(runs::PhaseName(runs::Phase::kReleased));
  annotations[runs::kFactsAnnotation] = runs::FormatFacts(facts);
  annotations[runs::kLedgerAnnotation] = runs::FormatLedger(
      {.state = answer_owed ? runs::Ledger::State::kNothing : runs::Ledger::State::kNone});
  if (held) {
    job["metadata"]["finalizers"] = {runs::kAnswerFinalizer};
  } else {
    job["spec"]["ttlSecondsAfterFinished"] =
        std::stoll(annotations[runs::kTtlAnnotation].get<std::string>());
  }
}

void AddMemberFacts(const std::string& queue, Json& job) {
  Json& annotations = job["metadata"]["annotations"];
  annotations[runs::kPhaseAnnotation] = std::string(runs::PhaseName(runs::Phase::kPlanned));
  // The label itself would make the queue start the Job out of turn.
  if (!queue.empty()) annotations[runs::kQueueAnnotation] = queue;
  job["spec"]["suspend"] = true;
}

size_t AnnotationBytes(const Json& job) {
  size_t bytes = 0;
  for (const auto& [key, value] : job["metadata"]["annotations"].items()) {
    bytes += key.size() + value.get_ref<const std::string&>().size();
  }
  return bytes;
}

absl::Status CheckBody(const PlannedJob& job) {
  if (job.body.size() <= runs::kMaxJobBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "Job ", job.name, " has ", job.body.size(), " bytes, the limit is ", runs::kMaxJobBytes,
      ": pass less of the event in variables, or fetch it as a file"));
}

// RESOURCE_EXHAUSTED if the API server would refuse an object for its size.
absl::Status CheckSizes(const Plan& plan, size_t anchor_annotation_bytes) {
  absl::Status status;
  if (anchor_annotation_bytes > runs::kMaxAnnotationBytes) {
    status = absl::ResourceExhaustedError(absl::StrCat(
        "the plan needs ", anchor_annotation_bytes, " bytes of annotations, the limit is ",
        runs::kMaxAnnotationBytes, ": use fewer tasks, labels or annotations"));
  }
  for (const PlannedJob& job : plan.members) status.Update(CheckBody(job));
  status.Update(CheckBody(plan.anchor));
  if (!status.ok()) SetReason(status, "TOO_LARGE");
  return status;
}

PlannedJob Serialise(const Json& job, int action) {
  return {.name_space = json::GetString(job["metadata"], "namespace"),
          .name = json::GetString(job["metadata"], "name"),
          .body = json::Dump(job),
          .action = action};
}

std::string OwnReason(const absl::Status& status) {
  const std::string reason = GetReason(status);
  return reason.empty() ? "EVENT_REFUSED" : reason;
}

}  // namespace

// An entry of the manifest with its Job as far as it is built.
struct Planner::DraftEntry {
  runs::ManifestEntry manifest;
  const Task* task = nullptr;  // null: the action runs nothing
  Json job;
};

struct Planner::Draft {
  std::vector<DraftEntry> entries;
  absl::Status first_refusal;
};

// Names are not in yet, and grants (which know the time) never are: the hash is of the plan alone.
std::string Planner::PlanHash(const JobConfig& config, const Draft& draft) {
  std::string canonical = config.hash;
  for (const DraftEntry& entry : draft.entries) {
    absl::StrAppend(&canonical, "\n",
                    json::Dump(entry.task == nullptr ? Json(entry.manifest.refusal) : entry.job));
  }
  return Sha256Hex(canonical);
}

Planner::Planner(PlannerSettings settings, GrantSigner signer)
    : settings_(std::move(settings)), signer_(std::move(signer)) {}

Plan Planner::PlanRuns(const EventInput& input, const JobConfig& config,
                       const std::vector<int>& matching, const RefusedActions& refused,
                       absl::Time now) const {
  Draft draft = DraftTasks(input, config, matching, refused);
  const auto runs_something = [](const DraftEntry& entry) {
    return entry.manifest.refusal.empty();
  };
  if (std::any_of(draft.entries.begin(), draft.entries.end(), runs_something)) {
    return Assemble(input, config, std::move(draft), now);
  }
  const bool answered = std::any_of(draft.entries.begin(), draft.entries.end(),
                                    [](const auto& entry) { return !entry.manifest.silent; });
  absl::Status why(draft.first_refusal.code(),
                   absl::StrJoin(draft.entries, "\n", [](std::string* out, const auto& entry) {
                     absl::StrAppend(out, entry.manifest.refusal);
                   }));
  SetReason(why, OwnReason(draft.first_refusal));
  return PlanRefusal(input.facts, why, answered);
}

Plan Planner::PlanRefusal(const runs::EventFacts& facts, const absl::Status& why,
                          bool answered) const {
  const bool owed = answered && runs::IsTriggered(facts.type);
  runs::Refusal refusal = {.code = static_cast<int>(why.code()),
                           .reason = OwnReason(why),
                           .message = Printable(why.message())};
  runs::EventFacts kept = facts;
  Json job = RecordJob(settings_.defaults, facts);
  AddIdentity(facts, settings_.installation, runs::Role::kRecord,
              runs::AnchorName(runs::EventHash(facts.source, facts.id)), kDefaultTtlSeconds, job);
  AddAnchorFacts(kept, owed, owed, job);
  if (AnnotationBytes(job) + refusal.message.size() > runs::kMaxAnnotationBytes) {
    kept.labels.clear();
    refusal.message.resize(std::min<size_t>(refusal.message.size(), 4096));
    absl::StrAppend(&refusal.message, " (the event's labels were too large and are left out)");
    AddAnchorFacts(kept, owed, owed, job);
  }
  job["metadata"]["annotations"][runs::kRefusalAnnotation] = runs::FormatRefusal(refusal);
  Plan plan;
  plan.anchor = Serialise(job, 0);
  plan.refusal = std::move(refusal);
  return plan;
}

Planner::Draft Planner::DraftTasks(const EventInput& input, const JobConfig& config,
                                   const std::vector<int>& matching,
                                   const RefusedActions& refused) const {
  Draft draft;
  for (int i = 0; i < static_cast<int>(matching.size()); ++i) {
    const size_t before = draft.entries.size();
    const auto known = refused.find(i);
    const absl::Status status =
        known != refused.end() ? known->second : DraftAction(input, config, matching[i], i, draft);
    if (status.ok()) continue;
    if (draft.first_refusal.ok()) draft.first_refusal = status;
    const Action& action = config.actions[matching[i]];
    draft.entries.resize(before);
    draft.entries.push_back({.manifest = {.action = i,
                                          .action_name = action.name,
                                          .silent = action.silent,
                                          .refusal = Printable(status.message())}});
  }
  return draft;
}

absl::Status Planner::DraftAction(const EventInput& input, const JobConfig& config,
                                  int action_in_file, int action_index, Draft& draft) const {
  const Action& action = config.actions[action_in_file];
  RETURN_IF_ERROR(CheckImages(settings_.defaults, action));
  runs::ManifestEntry entry = {
      .action = action_index, .action_name = action.name, .silent = action.silent};
  if (action.tasks.empty()) draft.entries.push_back({.manifest = entry});
  const std::string event_hash = runs::EventHash(input.facts.source, input.facts.id);
  for (int i = 0; i < static_cast<int>(action.tasks.size()); ++i) {
    const Task& task = action.tasks[i];
    const std::string stem = runs::TaskStem(event_hash, action_index, i + 1);
    ASSIGN_OR_RETURN(Json job, BuildJob(settings_.defaults,
                                        {.facts = input.facts,
                                         .document = input.document,
                                         .action = action,
                                         .action_index = action_in_file,
                                         .task = task,
                                         .task_index = i,
                                         .config_hash = config.hash,
                                         .stem = stem,
                                         .name_space = NamespaceOf(settings_.defaults, task)}));
    entry.task = i + 1;
    entry.task_name = task.name;
    entry.name_space = std::string(NamespaceOf(settings_.defaults, task));
    entry.warn_on_error = task.on_error == OnError::kWarn;
    draft.entries.push_back({.manifest = entry, .task = &task, .job = std::move(job)});
  }
  return absl::OkStatus();
}

void Planner::AddGrant(const EventInput& input, const Task& task, absl::Time now, Json& job) const {
  if (task.files.empty()) return;
  const Grant grant = {.scope = {input.facts.project, input.facts.stage, input.facts.service},
                       .commit = input.facts.commit,
                       .files = task.files,
                       .job = absl::StrCat(json::GetString(job["metadata"], "namespace"), "/",
                                           json::GetString(job["metadata"], "name")),
                       .expiry = now + settings_.grant_lifetime};
  Json& container = job["spec"]["template"]["spec"]["initContainers"][0];
  container["env"] = {{{"name", "JOBEXEC_SCHEDULER"}, {"value", settings_.fetch_address}},
                      {{"name", "JOBEXEC_GRANT"}, {"value", signer_.Sign(grant)}}};
}

void Planner::Identify(const EventInput& input, const std::string& plan_hash, absl::Time now,
                       Draft& draft) const {
  const std::string event_hash = runs::EventHash(input.facts.source, input.facts.id);
  for (DraftEntry& entry : draft.entries) {
    if (entry.task == nullptr) continue;
    const bool is_anchor = IsAnchor(draft, entry);
    runs::ManifestEntry& manifest = entry.manifest;
    manifest.job = is_anchor
                       ? runs::AnchorName(event_hash)
                       : runs::MemberName(event_hash, manifest.action, manifest.task, plan_hash);
    AddIdentity(input.facts, settings_.installation,
                is_anchor ? runs::Role::kAnchor : runs::Role::kMember, manifest.job,
                TtlSeconds(*entry.task), entry.job);
    entry.job["metadata"]["labels"][runs::kPlanLabel] = plan_hash.substr(0, runs::kPlanDigits);
    AddGrant(input, *entry.task, now, entry.job);
  }
}

bool Planner::IsAnchor(const Draft& draft, const DraftEntry& entry) const {
  return &entry == &draft.entries.front() && entry.manifest.task == 1 &&
         entry.manifest.name_space == settings_.defaults.job_namespace;
}

Json Planner::MakeAnchor(const runs::EventFacts& facts, const std::string& plan_hash,
                         Draft& draft) const {
  DraftEntry& first = draft.entries.front();
  if (IsAnchor(draft, first)) {
    if (!first.task->queue.empty())
      first.job["metadata"]["labels"][kQueueLabel] = first.task->queue;
    return std::move(first.job);
  }
  Json record = RecordJob(settings_.defaults, facts);
  AddIdentity(facts, settings_.installation, runs::Role::kRecord,
              runs::AnchorName(runs::EventHash(facts.source, facts.id)), kDefaultTtlSeconds,
              record);
  record["metadata"]["labels"][runs::kPlanLabel] = plan_hash.substr(0, runs::kPlanDigits);
  return record;
}

Plan Planner::Assemble(const EventInput& input, const JobConfig& config, Draft draft,
                       absl::Time now) const {
  const std::string plan_hash = PlanHash(config, draft);
  Identify(input, plan_hash, now, draft);

  Plan plan;
  bool owed = false;
  for (DraftEntry& entry : draft.entries) {
    owed = owed || (runs::IsTriggered(input.facts.type) && !entry.manifest.silent);
    plan.manifest.push_back(entry.manifest);
    if (entry.task == nullptr || IsAnchor(draft, entry)) continue;
    AddMemberFacts(entry.task->queue, entry.job);
    plan.members.push_back(Serialise(entry.job, entry.manifest.action));
  }
  Json anchor = MakeAnchor(input.facts, plan_hash, draft);
  AddAnchorFacts(input.facts, owed, owed || !plan.members.empty(), anchor);
  anchor["metadata"]["annotations"][runs::kManifestAnnotation] =
      runs::FormatManifest(plan.manifest);
  plan.anchor = Serialise(anchor, 0);

  const absl::Status size = CheckSizes(plan, AnnotationBytes(anchor));
  return size.ok() ? plan : PlanRefusal(input.facts, size, owed);
}

}  // namespace jobexec::scheduler
