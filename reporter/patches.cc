#include "reporter/patches.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/strings/str_cat.h"

namespace jobexec::reporter {
namespace {

using Json = nlohmann::json;

// Label by which a job queue (Kueue) finds the Jobs it admits.
constexpr char kQueueLabelPath[] = "/metadata/labels/kueue.x-k8s.io~1queue-name";

Json Operation(absl::string_view op, absl::string_view path, Json value) {
  return {{"op", std::string(op)}, {"path", std::string(path)}, {"value", std::move(value)}};
}

Json TestUid(const std::string& uid) {
  return Json::array({Operation("test", "/metadata/uid", uid)});
}

Json TestUid(const JobView& job) { return TestUid(job.record.uid); }

void MoveAnnotation(absl::string_view name, absl::string_view from, absl::string_view to,
                    Json& patch) {
  const std::string path = runs::AnnotationPath(name);
  patch.push_back(Operation("test", path, std::string(from)));
  patch.push_back(Operation("replace", path, std::string(to)));
}

void DeleteAfter(absl::Time time, Json& patch) {
  patch.push_back(Operation("add", runs::AnnotationPath(runs::kDeleteAfterAnnotation),
                            absl::FormatTime(absl::RFC3339_sec, time, absl::UTCTimeZone())));
}

}  // namespace

Json ReleasePatch(const JobView& job) {
  Json patch = TestUid(job);
  MoveAnnotation(runs::kPhaseAnnotation, runs::PhaseName(runs::Phase::kPlanned),
                 runs::PhaseName(runs::Phase::kReleased), patch);
  if (job.record.queue.empty()) {
    patch.push_back(Operation("replace", "/spec/suspend", false));
  } else {
    // The queue admits the Job when there is room and resumes it itself.
    patch.push_back(Operation("add", kQueueLabelPath, job.record.queue));
  }
  // The list has to exist before something can be put at its end.
  if (job.has_finalizers) {
    patch.push_back(Operation("add", "/metadata/finalizers/-", runs::kAnswerFinalizer));
  } else {
    patch.push_back(
        Operation("add", "/metadata/finalizers", Json::array({runs::kAnswerFinalizer})));
  }
  return patch;
}

Json StopPatch(const JobView& job, absl::string_view why, absl::Time now) {
  Json patch = TestUid(job);
  MoveAnnotation(runs::kPhaseAnnotation, runs::PhaseName(runs::Phase::kReleased),
                 runs::PhaseName(runs::Phase::kStopped), patch);
  patch.push_back(Operation("add", runs::AnnotationPath(runs::kWhyAnnotation), std::string(why)));
  patch.push_back(Operation("add", "/spec/activeDeadlineSeconds", 1));
  if (job.suspended) {
    patch.push_back(Operation("add", "/spec/parallelism", 0));
    DeleteAfter(now + runs::kHold, patch);
  }
  return patch;
}

Json LedgerPatch(const JobView& job, const runs::Ledger& next) {
  Json patch = TestUid(job);
  MoveAnnotation(runs::kLedgerAnnotation, runs::FormatLedger(job.record.ledger),
                 runs::FormatLedger(next), patch);
  return patch;
}

void AddLetGo(const JobView& job, int64_t ttl_seconds, absl::Time now, Json& patch) {
  if (job.record.has_answer_finalizer) {
    const std::string path =
        absl::StrCat("/metadata/finalizers/", job.record.answer_finalizer_index);
    patch.push_back(Operation("test", path, runs::kAnswerFinalizer));
    patch.push_back({{"op", "remove"}, {"path", path}});
  }
  patch.push_back(Operation("add", "/spec/ttlSecondsAfterFinished", ttl_seconds));
  if (job.suspended && job.record.phase == runs::Phase::kStopped) {
    DeleteAfter(now + absl::Seconds(ttl_seconds), patch);
  }
}

void AddErrorLog(absl::string_view state, Json& patch) {
  patch.push_back(
      Operation("add", runs::AnnotationPath(runs::kErrorLogAnnotation), std::string(state)));
}

Json ErrorLogPatch(const std::string& uid, absl::string_view state) {
  Json patch = TestUid(uid);
  AddErrorLog(state, patch);
  return patch;
}

Json LetGoPatch(const JobView& job, int64_t ttl_seconds, absl::Time now) {
  Json patch = TestUid(job);
  AddLetGo(job, ttl_seconds, now, patch);
  return patch;
}

}  // namespace jobexec::reporter
