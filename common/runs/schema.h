// The schema of jobexec's state in etcd: labels, annotations and the finalizer of its Jobs.
//
// Objects of an event: the anchor (its name depends on the event alone; created last, by the
// scheduler; its existence is the commit), members (every other task; created before the anchor,
// suspended) and records (an anchor without work: a refusal, or a plan whose first task lives in
// another namespace). The scheduler creates, the reporter moves phase and ledger; nobody else
// writes.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/runs/event_facts.h"

namespace jobexec::runs {

// Labels, on every Job.
inline constexpr char kInstallationLabel[] = "jobexec.dev/installation";  // watches select on it
inline constexpr char kEventLabel[] = "jobexec.dev/event";                // EventHash
inline constexpr char kRoleLabel[] = "jobexec.dev/role";                  // anchor, member, record
inline constexpr char kPlanLabel[] = "jobexec.dev/plan";  // first 8 hex digits of the plan's hash
// LabelValue of the Keptn context: finds the Jobs of a context, but other contexts may have the
// same.
inline constexpr char kContextLabel[] = "keptn.sh/context";

// Annotations.
inline constexpr char kEventSourceAnnotation[] = "jobexec.dev/event-source";
inline constexpr char kEventIdAnnotation[] = "jobexec.dev/event-id";
inline constexpr char kEventTypeAnnotation[] = "jobexec.dev/event-type";
inline constexpr char kFactsAnnotation[] = "jobexec.dev/facts";        // anchor, record
inline constexpr char kManifestAnnotation[] = "jobexec.dev/manifest";  // anchor, record of a plan
inline constexpr char kRefusalAnnotation[] = "jobexec.dev/refusal";    // record
inline constexpr char kPhaseAnnotation[] = "jobexec.dev/phase";        // planned, released, stopped
inline constexpr char kWhyAnnotation[] = "jobexec.dev/why";            // with stopped
inline constexpr char kTtlAnnotation[] = "jobexec.dev/ttl";            // seconds the user asked for
inline constexpr char kLedgerAnnotation[] = "jobexec.dev/ledger";      // anchor, record
inline constexpr char kCancelAnnotation[] = "jobexec.dev/cancel";      // anchor, record
// Entry about the event in Keptn's error log: owed, posted or refused; on anchors and records that
// need one.
inline constexpr char kErrorLogAnnotation[] = "jobexec.dev/error-log";
// When the reporter removes a Job that it let go while a queue held it: such a Job never ends, so
// its TTL never starts.
inline constexpr char kDeleteAfterAnnotation[] = "jobexec.dev/delete-after";

// Name of the job queue that admits the Job once its turn comes; on members, if there is one.
inline constexpr char kQueueAnnotation[] = "jobexec.dev/queue";

// Held from birth (anchor) or release (member) until nothing is owed any more.
inline constexpr char kAnswerFinalizer[] = "jobexec.dev/answer";

// Digits of the plan's hash in labels and names.
inline constexpr size_t kPlanDigits = 8;
// Limit for all annotations of one Job together; the API server's own is 262,144 bytes.
inline constexpr size_t kMaxAnnotationBytes = 200 * 1024;
// Limit for one serialised Job; etcd refuses requests above 1.5 MiB.
inline constexpr size_t kMaxJobBytes = 1024 * 1024;
// An answered anchor stays at least this long: it outlives every submission still on its way.
inline constexpr absl::Duration kHold = absl::Minutes(15);

enum class Role { kAnchor, kMember, kRecord };
enum class Phase { kPlanned, kReleased, kStopped };
absl::string_view RoleName(Role role);
absl::string_view PhaseName(Phase phase);

// One line of the manifest: a Job of the plan, or (job empty, task 0) an action that runs nothing
// because it was refused (refusal says why) or has no tasks (passes at once).
struct ManifestEntry {
  std::string name_space;
  std::string job;
  int action = 0;  // index among the matching actions
  int task = 0;    // from 1; 0 if the action runs nothing
  std::string action_name;
  std::string task_name;
  bool silent = false;
  bool warn_on_error = false;  // onError: warn
  std::string refusal;         // why the action does not run, else empty

  bool operator==(const ManifestEntry&) const = default;
};

// Why an event is refused as a whole.
struct Refusal {
  int code = 0;         // canonical code
  std::string reason;   // capitals, e.g. CONFIG_INVALID
  std::string message;  // for people
};

// Somebody asked to stop an event's runs. Never removed.
struct Cancel {
  std::string by;
  std::string why;
  absl::Time time = absl::InfinitePast();
  int action = -1;  // index among the matching actions; -1: every one
  // Because the event's sequence has ended in Keptn: nobody waits for the run any more.
  bool sequence_ended = false;

  bool Covers(int other) const { return action < 0 || action == other; }
  bool operator==(const Cancel&) const = default;
};
std::string FormatCancels(const std::vector<Cancel>& cancels);
// A text that is no list of ours was written by hand: it cancels everything, with the text as
// reason.
std::vector<Cancel> ParseCancels(absl::string_view text);
// The first that covers the action; null if none does.
const Cancel* FindCancel(const std::vector<Cancel>& cancels, int action);
// "cancelled by <by>: <why>", for people.
std::string DescribeCancel(const Cancel& cancel);

// What has been said about an event, as far as it is known stored.
struct Ledger {
  enum class State {
    kNone,            // "none": no answer is owed
    kNothing,         // "-"
    kStartedIntent,   // "s?N": about to post .started over HTTP, N-th intent
    kStarted,         // "s:SEQ" or "s"
    kFinishedIntent,  // "f?N"
    kFinished,        // "f:SEQ" or "f"
  };
  State state = State::kNone;
  uint64_t sequence = 0;  // NATS stream sequence of the last answer; 0 over HTTP
  int intent = 0;         // N
  std::string holder;     // who wrote the intent
  absl::Time intent_time = absl::InfinitePast();

  bool operator==(const Ledger&) const = default;
};
std::string FormatLedger(const Ledger& ledger);
// INVALID_ARGUMENT for any other text.
absl::StatusOr<Ledger> ParseLedger(absl::string_view text);

std::string FormatFacts(const EventFacts& facts);
std::string FormatManifest(const std::vector<ManifestEntry>& manifest);
std::string FormatRefusal(const Refusal& refusal);

// A Job of jobexec, read back. Fields that only an anchor or record has are empty on members.
struct JobRecord {
  std::string name_space;
  std::string name;
  std::string uid;
  std::string resource_version;
  std::string event_hash;
  Role role = Role::kMember;
  std::string plan;
  std::string installation;
  Phase phase = Phase::kPlanned;
  std::string why;
  EventFacts facts;                     // of a member: id, source and type only
  std::vector<ManifestEntry> manifest;  // every Job of the plan; empty if refused
  bool refused = false;
  Refusal refusal;
  Ledger ledger;
  std::vector<Cancel> cancels;
  std::string error_log;  // the annotation
  int64_t ttl_seconds = 0;
  std::string queue;  // empty if no queue admits the Job
  bool has_answer_finalizer = false;
  int answer_finalizer_index = -1;  // position in metadata.finalizers
  absl::Time create_time = absl::InfinitePast();
  absl::Time delete_time = absl::InfiniteFuture();   // deletionTimestamp
  absl::Time delete_after = absl::InfiniteFuture();  // the annotation
};

// JSON pointer to an annotation, for patches.
std::string AnnotationPath(absl::string_view annotation);

// Reads the metadata of a batch/v1 Job of ours. INVALID_ARGUMENT names the field that is missing or
// malformed (somebody edited it).
absl::StatusOr<JobRecord> ReadJob(const nlohmann::json& job);

}  // namespace jobexec::runs
