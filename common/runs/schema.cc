#include "common/runs/schema.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::runs {
namespace {

using Json = nlohmann::json;

absl::Status Malformed(absl::string_view what, absl::string_view text) {
  return absl::InvalidArgumentError(absl::StrCat(what, " is \"", text.substr(0, 100), "\""));
}

absl::StatusOr<Json> ParseAnnotation(const Json& annotations, absl::string_view key) {
  const std::string text = json::GetString(annotations, key);
  auto value = json::Parse(text);
  if (!value.ok()) return Malformed(absl::StrCat("annotation ", key), text);
  return value;
}

absl::StatusOr<absl::Time> ParseTime(const Json& object, absl::string_view key,
                                     absl::Time when_absent) {
  const std::string text = json::GetString(object, key);
  if (text.empty()) return when_absent;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, text, &time, &error)) return Malformed(key, text);
  return time;
}

absl::StatusOr<Role> ParseRole(absl::string_view text) {
  for (Role role : {Role::kAnchor, Role::kMember, Role::kRecord}) {
    if (text == RoleName(role)) return role;
  }
  return Malformed(absl::StrCat("label ", kRoleLabel), text);
}

absl::StatusOr<Phase> ParsePhase(absl::string_view text) {
  for (Phase phase : {Phase::kPlanned, Phase::kReleased, Phase::kStopped}) {
    if (text == PhaseName(phase)) return phase;
  }
  return Malformed(absl::StrCat("annotation ", kPhaseAnnotation), text);
}

absl::string_view ViaName(Via via) {
  switch (via) {
    case Via::kHttp:
      return "http";
    case Via::kNats:
      return "nats";
    case Via::kKeptn:
      return "keptn";
  }
  return "";
}

Via ParseVia(absl::string_view text) {
  for (Via via : {Via::kNats, Via::kKeptn}) {
    if (text == ViaName(via)) return via;
  }
  return Via::kHttp;
}

Json EntryToJson(const ManifestEntry& entry) {
  Json value = {{"action", entry.action}, {"actionName", entry.action_name}};
  if (!entry.job.empty()) {
    value["namespace"] = entry.name_space;
    value["job"] = entry.job;
    value["task"] = entry.task;
    value["taskName"] = entry.task_name;
  }
  if (entry.silent) value["silent"] = true;
  if (entry.warn_on_error) value["onError"] = "warn";
  if (!entry.refusal.empty()) value["refusal"] = entry.refusal;
  return value;
}

absl::StatusOr<ManifestEntry> EntryFromJson(const Json& value) {
  if (!value.is_object()) return Malformed("an entry of the manifest", json::Dump(value));
  ManifestEntry entry;
  entry.name_space = json::GetString(value, "namespace");
  entry.job = json::GetString(value, "job");
  entry.action = static_cast<int>(json::GetInt(value, "action", 0));
  entry.task = static_cast<int>(json::GetInt(value, "task", 0));
  entry.action_name = json::GetString(value, "actionName");
  entry.task_name = json::GetString(value, "taskName");
  entry.silent = json::GetBool(value, "silent", false);
  entry.warn_on_error = json::GetString(value, "onError") == "warn";
  entry.refusal = json::GetString(value, "refusal");
  return entry;
}

void ReadFacts(const Json& value, EventFacts& facts) {
  facts.project = json::GetString(value, "project");
  facts.stage = json::GetString(value, "stage");
  facts.service = json::GetString(value, "service");
  facts.keptn_context = json::GetString(value, "shkeptncontext");
  facts.commit = json::GetString(value, "gitcommitid");
  facts.trace_parent = json::GetString(value, "traceparent");
  facts.time = ParseTime(value, "time", absl::InfinitePast()).value_or(absl::InfinitePast());
  facts.via = ParseVia(json::GetString(value, "via"));
  facts.from_sequence = static_cast<uint64_t>(json::GetInt(value, "fromSeq", 0));
  facts.integration_id = json::GetString(value, "integrationId");
  const auto labels = value.find("labels");
  if (labels == value.end() || !labels->is_object()) return;
  for (const auto& [key, label] : labels->items()) {
    if (label.is_string()) facts.labels[key] = label.get<std::string>();
  }
}

// What only anchors and records carry.
absl::Status ReadAnchor(const Json& annotations, JobRecord& record) {
  ASSIGN_OR_RETURN(const Json facts, ParseAnnotation(annotations, kFactsAnnotation));
  if (!facts.is_object()) return Malformed("annotation jobexec.dev/facts", json::Dump(facts));
  ReadFacts(facts, record.facts);
  ASSIGN_OR_RETURN(record.ledger, ParseLedger(json::GetString(annotations, kLedgerAnnotation)));
  record.error_log = json::GetString(annotations, kErrorLogAnnotation);
  if (annotations.contains(kCancelAnnotation)) {
    record.cancels = ParseCancels(json::GetString(annotations, kCancelAnnotation));
  }
  if (annotations.contains(kRefusalAnnotation)) {
    ASSIGN_OR_RETURN(const Json refusal, ParseAnnotation(annotations, kRefusalAnnotation));
    record.refused = true;
    record.refusal = {static_cast<int>(json::GetInt(refusal, "code", 0)),
                      json::GetString(refusal, "reason"), json::GetString(refusal, "message")};
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const Json manifest, ParseAnnotation(annotations, kManifestAnnotation));
  for (const Json& value : manifest) {
    ASSIGN_OR_RETURN(ManifestEntry entry, EntryFromJson(value));
    record.manifest.push_back(std::move(entry));
  }
  return absl::OkStatus();
}

absl::Status ReadIdentity(const Json& metadata, JobRecord& record) {
  record.name = json::GetString(metadata, "name");
  record.name_space = json::GetString(metadata, "namespace");
  record.uid = json::GetString(metadata, "uid");
  record.resource_version = json::GetString(metadata, "resourceVersion");
  ASSIGN_OR_RETURN(record.create_time,
                   ParseTime(metadata, "creationTimestamp", absl::InfinitePast()));
  ASSIGN_OR_RETURN(record.delete_time,
                   ParseTime(metadata, "deletionTimestamp", absl::InfiniteFuture()));
  return absl::OkStatus();
}

absl::Status ReadLabels(const Json& labels, JobRecord& record) {
  record.installation = json::GetString(labels, kInstallationLabel);
  record.event_hash = json::GetString(labels, kEventLabel);
  record.plan = json::GetString(labels, kPlanLabel);
  if (record.event_hash.empty()) return Malformed(absl::StrCat("label ", kEventLabel), "");
  ASSIGN_OR_RETURN(record.role, ParseRole(json::GetString(labels, kRoleLabel)));
  return absl::OkStatus();
}

absl::Status ReadAnnotations(const Json& annotations, JobRecord& record) {
  record.facts.source = json::GetString(annotations, kEventSourceAnnotation);
  record.facts.id = json::GetString(annotations, kEventIdAnnotation);
  record.facts.type = json::GetString(annotations, kEventTypeAnnotation);
  record.why = json::GetString(annotations, kWhyAnnotation);
  record.queue = json::GetString(annotations, kQueueAnnotation);
  ASSIGN_OR_RETURN(record.phase, ParsePhase(json::GetString(annotations, kPhaseAnnotation)));
  ASSIGN_OR_RETURN(record.delete_after,
                   ParseTime(annotations, kDeleteAfterAnnotation, absl::InfiniteFuture()));
  const std::string ttl = json::GetString(annotations, kTtlAnnotation);
  if (!absl::SimpleAtoi(ttl, &record.ttl_seconds)) {
    return Malformed(absl::StrCat("annotation ", kTtlAnnotation), ttl);
  }
  return record.role == Role::kMember ? absl::OkStatus() : ReadAnchor(annotations, record);
}

void ReadFinalizers(const Json& metadata, JobRecord& record) {
  const auto finalizers = metadata.find("finalizers");
  if (finalizers == metadata.end() || !finalizers->is_array()) return;
  for (size_t i = 0; i < finalizers->size(); ++i) {
    if ((*finalizers)[i] == kAnswerFinalizer) {
      record.has_answer_finalizer = true;
      record.answer_finalizer_index = static_cast<int>(i);
    }
  }
}

std::string FormatIntent(absl::string_view letter, const Ledger& ledger) {
  return absl::StrCat(letter, "?", ledger.intent, ":", absl::ToUnixMillis(ledger.intent_time), ":",
                      ledger.holder);
}

std::string FormatMark(absl::string_view letter, const Ledger& ledger) {
  return ledger.sequence == 0 ? std::string(letter) : absl::StrCat(letter, ":", ledger.sequence);
}

// "s?N:unix milliseconds:holder", without the leading letter and '?'.
std::optional<Ledger> ParseIntent(Ledger::State state, absl::string_view text) {
  const std::vector<std::string> parts = absl::StrSplit(text, absl::MaxSplits(':', 2));
  Ledger ledger{.state = state};
  int64_t millis = 0;
  if (parts.size() != 3 || !absl::SimpleAtoi(parts[0], &ledger.intent) ||
      !absl::SimpleAtoi(parts[1], &millis)) {
    return std::nullopt;
  }
  ledger.intent_time = absl::FromUnixMillis(millis);
  ledger.holder = parts[2];
  return ledger;
}

std::optional<Ledger> ParseMark(char letter, absl::string_view rest) {
  const bool started = letter == 's';
  if (!rest.empty() && rest[0] == '?') {
    return ParseIntent(started ? Ledger::State::kStartedIntent : Ledger::State::kFinishedIntent,
                       rest.substr(1));
  }
  Ledger ledger{.state = started ? Ledger::State::kStarted : Ledger::State::kFinished};
  if (rest.empty()) return ledger;
  if (rest[0] != ':' || !absl::SimpleAtoi(rest.substr(1), &ledger.sequence)) return std::nullopt;
  return ledger;
}

}  // namespace

absl::string_view RoleName(Role role) {
  switch (role) {
    case Role::kAnchor:
      return "anchor";
    case Role::kMember:
      return "member";
    case Role::kRecord:
      return "record";
  }
  return "";
}

absl::string_view PhaseName(Phase phase) {
  switch (phase) {
    case Phase::kPlanned:
      return "planned";
    case Phase::kReleased:
      return "released";
    case Phase::kStopped:
      return "stopped";
  }
  return "";
}

std::string FormatLedger(const Ledger& ledger) {
  switch (ledger.state) {
    case Ledger::State::kNone:
      return "none";
    case Ledger::State::kNothing:
      return "-";
    case Ledger::State::kStartedIntent:
      return FormatIntent("s", ledger);
    case Ledger::State::kStarted:
      return FormatMark("s", ledger);
    case Ledger::State::kFinishedIntent:
      return FormatIntent("f", ledger);
    case Ledger::State::kFinished:
      return FormatMark("f", ledger);
  }
  return "none";
}

absl::StatusOr<Ledger> ParseLedger(absl::string_view text) {
  if (text == "none") return Ledger{};
  if (text == "-") return Ledger{.state = Ledger::State::kNothing};
  std::optional<Ledger> ledger;
  if (!text.empty() && (text[0] == 's' || text[0] == 'f')) {
    ledger = ParseMark(text[0], text.substr(1));
  }
  if (!ledger.has_value()) return Malformed(absl::StrCat("annotation ", kLedgerAnnotation), text);
  return *ledger;
}

std::string FormatCancels(const std::vector<Cancel>& cancels) {
  Json list = Json::array();
  for (const Cancel& cancel : cancels) {
    Json entry = {{"by", cancel.by},
                  {"why", cancel.why},
                  {"time", absl::FormatTime(absl::RFC3339_sec, cancel.time, absl::UTCTimeZone())}};
    if (cancel.action >= 0) entry["action"] = cancel.action;
    if (cancel.sequence_ended) entry["sequenceEnded"] = true;
    list.push_back(std::move(entry));
  }
  return json::Dump(list);
}

std::vector<Cancel> ParseCancels(absl::string_view text) {
  const auto list = json::Parse(text);
  const auto is_object = [](const Json& entry) { return entry.is_object(); };
  if (!list.ok() || !list->is_array() || list->empty() ||
      !std::all_of(list->begin(), list->end(), is_object)) {
    return {Cancel{.why = std::string(text)}};
  }
  std::vector<Cancel> cancels;
  for (const Json& entry : *list) {
    cancels.push_back(
        {.by = json::GetString(entry, "by"),
         .why = json::GetString(entry, "why"),
         .time = ParseTime(entry, "time", absl::InfinitePast()).value_or(absl::InfinitePast()),
         .action = static_cast<int>(json::GetInt(entry, "action", -1)),
         .sequence_ended = json::GetBool(entry, "sequenceEnded", false)});
  }
  return cancels;
}

const Cancel* FindCancel(const std::vector<Cancel>& cancels, int action) {
  const auto found = std::find_if(cancels.begin(), cancels.end(),
                                  [&](const Cancel& cancel) { return cancel.Covers(action); });
  return found == cancels.end() ? nullptr : &*found;
}

std::string DescribeCancel(const Cancel& cancel) {
  return absl::StrCat("cancelled", cancel.by.empty() ? "" : " by ", cancel.by,
                      cancel.why.empty() ? "" : ": ", cancel.why);
}

std::string FormatFacts(const EventFacts& facts) {
  Json value = {{"project", facts.project},
                {"stage", facts.stage},
                {"service", facts.service},
                {"labels", facts.labels},
                {"shkeptncontext", facts.keptn_context},
                {"gitcommitid", facts.commit},
                {"via", std::string(ViaName(facts.via))}};
  if (!facts.trace_parent.empty()) value["traceparent"] = facts.trace_parent;
  if (facts.time != absl::InfinitePast()) {
    value["time"] = absl::FormatTime(absl::RFC3339_full, facts.time, absl::UTCTimeZone());
  }
  if (facts.from_sequence != 0) value["fromSeq"] = facts.from_sequence;
  if (!facts.integration_id.empty()) value["integrationId"] = facts.integration_id;
  return json::Dump(value);
}

std::string FormatManifest(const std::vector<ManifestEntry>& manifest) {
  Json value = Json::array();
  for (const ManifestEntry& entry : manifest) value.push_back(EntryToJson(entry));
  return json::Dump(value);
}

std::string FormatRefusal(const Refusal& refusal) {
  return json::Dump(
      {{"code", refusal.code}, {"reason", refusal.reason}, {"message", refusal.message}});
}

std::string AnnotationPath(absl::string_view annotation) {
  return absl::StrCat("/metadata/annotations/",
                      absl::StrReplaceAll(annotation, {{"~", "~0"}, {"/", "~1"}}));
}

absl::StatusOr<JobRecord> ReadJob(const Json& job) {
  static const Json kEmpty = Json::object();
  const auto member = [](const Json& object, const char* key) -> const Json& {
    const auto found = object.find(key);
    return found != object.end() && found->is_object() ? *found : kEmpty;
  };
  const Json& metadata = member(job, "metadata");
  JobRecord record;
  RETURN_IF_ERROR(ReadIdentity(metadata, record));
  RETURN_IF_ERROR(ReadLabels(member(metadata, "labels"), record));
  RETURN_IF_ERROR(ReadAnnotations(member(metadata, "annotations"), record));
  ReadFinalizers(metadata, record);
  return record;
}

}  // namespace jobexec::runs
