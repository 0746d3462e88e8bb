// A reporter without threads on a fake cluster, with a clock that the test moves. The cluster and
// the place where answers go survive the reporter, so a test can let it die at any call.
#pragma once

#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/keptn/api.h"
#include "common/telemetry/metrics.h"
#include "reporter/keptn_log.h"
#include "reporter/reconciler.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter::testing {

using Json = nlohmann::json;

// Lets the process "die" at its n-th call to the outside: from then on no call does anything. With
// `lose_answer` that call itself still lands, only its answer is lost.
class Fuse {
 public:
  void Light(int calls, bool lose_answer) {
    left_ = calls;
    lose_answer_ = lose_answer;
  }
  void Remove() { left_ = -1; }
  bool burnt() const { return left_ == 0; }

  template <typename Call>
  auto Run(Call call) -> decltype(call()) {
    if (left_ == 0) return absl::UnavailableError("dead");
    if (left_ > 0 && --left_ == 0) {
      if (lose_answer_) (void)call();
      return absl::UnavailableError("died");
    }
    return call();
  }

 private:
  int left_ = -1;  // calls until death; -1: immortal
  bool lose_answer_ = false;
};

class FusedKube final : public kube::Client {
 public:
  FusedKube(kube::Client& client, Fuse& fuse) : client_(client), fuse_(fuse) {}

  absl::Status Create(const kube::Collection& c, absl::string_view body,
                      absl::Duration t) override {
    return fuse_.Run([&] { return client_.Create(c, body, t); });
  }
  absl::StatusOr<Json> Get(const kube::Collection& c, absl::string_view name,
                           absl::Duration t) override {
    return fuse_.Run([&] { return client_.Get(c, name, t); });
  }
  absl::StatusOr<Json> Patch(const kube::Collection& c, absl::string_view name, const Json& patch,
                             absl::Duration t) override {
    return fuse_.Run([&] { return client_.Patch(c, name, patch, t); });
  }
  absl::Status Delete(const kube::Collection& c, absl::string_view name, absl::string_view uid,
                      absl::Duration t) override {
    return fuse_.Run([&] { return client_.Delete(c, name, uid, t); });
  }
  absl::StatusOr<Json> List(const kube::Collection& c, const kube::ListOptions& options,
                            absl::Duration t) override {
    return fuse_.Run([&] { return client_.List(c, options, t); });
  }
  absl::StatusOr<Json> Update(const kube::Collection& c, absl::string_view name, const Json& object,
                              absl::Duration t) override {
    return fuse_.Run([&] { return client_.Update(c, name, object, t); });
  }
  absl::Status Watch(const kube::Collection& c, const kube::WatchOptions& options,
                     const absl::Notification& stop,
                     absl::FunctionRef<void(kube::WatchEventType, const Json&)> on) override {
    return fuse_.Run([&] { return client_.Watch(c, options, stop, on); });
  }
  absl::StatusOr<std::string> ReadLog(absl::string_view ns, absl::string_view pod,
                                      absl::string_view container, int64_t limit,
                                      absl::Duration t) override {
    return fuse_.Run([&] { return client_.ReadLog(ns, pod, container, limit, t); });
  }
  absl::Status StreamLog(absl::string_view ns, absl::string_view pod,
                         const kube::LogOptions& options, const absl::Notification& stop,
                         absl::Duration idle,
                         absl::FunctionRef<bool(absl::string_view)> on_data) override {
    return fuse_.Run([&] { return client_.StreamLog(ns, pod, options, stop, idle, on_data); });
  }
  absl::Status CheckReady(absl::Duration t) override { return client_.CheckReady(t); }

 private:
  kube::Client& client_;
  Fuse& fuse_;
};

// Where answers go: a stream with a duplicate window of two minutes, an HTTP sink, or Keptn, which
// counts every copy and can be asked for its count.
class FakePublisher final : public EventPublisher {
 public:
  FakePublisher(Transport transport, Clock& clock, Fuse& fuse)
      : transport_(transport), clock_(clock), fuse_(fuse) {}

  Transport transport() const override { return transport_; }

  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override {
    ++attempts;
    if (!failures.empty()) {
      const absl::Status status = failures.front();
      failures.erase(failures.begin());
      if (lands) (void)Take(event);
      return status;
    }
    return fuse_.Run([&]() -> absl::StatusOr<Receipt> { return Take(event); });
  }

  absl::StatusOr<Finding> Find(const Wanted& wanted) override {
    ++looks;
    look_times.push_back(clock_.TimeNow());
    if (!look_failure.ok()) return look_failure;
    return fuse_.Run([&]() -> absl::StatusOr<Finding> {
      if (moot) return Finding{.kind = Finding::Kind::kMoot};
      for (const Stored& message : stored) {
        if (!Matches(message, wanted)) continue;
        return Finding{.kind = Finding::Kind::kStored, .sequence = SequenceOf(message)};
      }
      return Finding{.from_event_store = from_event_store};
    });
  }

  absl::Duration duplicate_window() const override { return absl::Minutes(2); }
  absl::Status CheckReachable() const override { return absl::OkStatus(); }

  // Events of the type that ends in ".<kind>".
  std::vector<cloudevents::Event> Events(const std::string& kind) const {
    std::vector<cloudevents::Event> events;
    for (const Stored& message : stored) {
      const std::string& type = message.event.type();
      if (type.substr(type.rfind('.') + 1) == kind) events.push_back(message.event);
    }
    return events;
  }

  struct Stored {
    uint64_t sequence;
    absl::Time time;
    cloudevents::Event event;
  };
  std::vector<Stored> stored;
  std::vector<absl::Status> failures;  // of the next calls of Publish
  bool lands = false;                  // what fails is stored nevertheless
  absl::Status look_failure;           // of all looks
  bool moot = false;                   // nobody waits for anything
  bool from_event_store = false;       // what is absent is so by hearsay
  int attempts = 0;
  int looks = 0;
  std::vector<absl::Time> look_times;

 private:
  Receipt Take(const cloudevents::Event& event) {
    const absl::Time now = clock_.TimeNow();
    for (const Stored& message : stored) {
      if (transport_ == Transport::kJetStream && message.event.id() == event.id() &&
          now - message.time < absl::Minutes(2)) {
        return {.sequence = message.sequence, .duplicate = true};
      }
    }
    stored.push_back({stored.size() + 1, now, event});
    return {.sequence = SequenceOf(stored.back())};
  }

  uint64_t SequenceOf(const Stored& message) const {
    return transport_ == Transport::kJetStream ? message.sequence : 0;
  }

  bool Matches(const Stored& message, const Wanted& wanted) const {
    if (message.event.type() != wanted.type) return false;
    // Keptn replaces ids; the context and the event stand for them.
    if (transport_ == Transport::kKeptn) return message.event.source() == wanted.source;
    const LookBound& bound = wanted.bound;
    const bool in_bound =
        bound.sequence != 0 ? message.sequence >= bound.sequence : message.time >= bound.time;
    return in_bound && message.event.id() == wanted.id;
  }

  const Transport transport_;
  Clock& clock_;
  Fuse& fuse_;
};

// The objects as the scheduler and Kubernetes write them.
inline Json JobJson(const JobView& view) {
  const runs::JobRecord& record = view.record;
  const bool member = record.role == runs::Role::kMember;
  Json annotations = {{runs::kEventSourceAnnotation, record.facts.source},
                      {runs::kEventIdAnnotation, record.facts.id},
                      {runs::kEventTypeAnnotation, record.facts.type},
                      {runs::kPhaseAnnotation, std::string(runs::PhaseName(record.phase))},
                      {runs::kTtlAnnotation, absl::StrCat(record.ttl_seconds)}};
  if (!member) {
    annotations[runs::kFactsAnnotation] = runs::FormatFacts(record.facts);
    annotations[runs::kLedgerAnnotation] = runs::FormatLedger(record.ledger);
    if (record.refused) {
      annotations[runs::kRefusalAnnotation] = runs::FormatRefusal(record.refusal);
    } else {
      annotations[runs::kManifestAnnotation] = runs::FormatManifest(record.manifest);
    }
  }
  Json job = {{"metadata",
               {{"name", record.name},
                {"uid", record.uid},
                {"creationTimestamp", absl::FormatTime(record.create_time)},
                {"labels",
                 {{runs::kInstallationLabel, "jobexec"},
                  {runs::kEventLabel, kHash},
                  {runs::kRoleLabel, std::string(runs::RoleName(record.role))},
                  {runs::kPlanLabel, kPlan}}},
                {"annotations", annotations}}},
              {"spec", {{"backoffLimit", 0}, {"suspend", member}}},
              {"status", Json::object()}};
  if (record.has_answer_finalizer) job["metadata"]["finalizers"] = {runs::kAnswerFinalizer};
  return job;
}

class Harness {
 public:
  // With `api` there is a Keptn that takes entries of its error log.
  explicit Harness(Transport transport, keptn::Api* api = nullptr)
      : kube(clock),
        publisher(transport, clock, fuse),
        fused_(kube, fuse),
        target_(publisher),
        api_(api) {
    StartReporter();
  }

  // Answers go to `target`, which must outlive this, instead of `publisher`.
  Harness(EventPublisher& target, keptn::Api* api)
      : kube(clock),
        publisher(target.transport(), clock, fuse),
        fused_(kube, fuse),
        target_(target),
        api_(api) {
    StartReporter();
  }

  // A new process: it knows nothing but what is in the cluster.
  void StartReporter() {
    fuse.Remove();
    reporter_ = nullptr;
    reporter_ =
        std::make_unique<Reporter>(fused_, target_, api_, clock, [this] { return MayAct(); });
    Observe(/*first_list=*/true);
  }

  void Create(const JobView& view) { kube.Put(kube::Jobs("jobs"), JobJson(view)); }

  // Kubernetes runs a Job's pod to its end.
  void EndPod(const JobView& view, int exit_code, const std::string& log) {
    const std::string name = view.record.name + "-x";
    kube.SetLog("jobs", name, "main", log);
    Json state = {{"terminated",
                   {{"exitCode", exit_code},
                    {"reason", exit_code == 0 ? "Completed" : "Error"},
                    {"finishedAt", absl::FormatTime(clock.TimeNow())}}}};
    kube.Put(kube::Pods("jobs"),
             {{"metadata",
               {{"name", name},
                {"uid", "pod-" + view.record.uid},
                {"creationTimestamp", absl::FormatTime(clock.TimeNow())},
                {"labels", {{runs::kInstallationLabel, "jobexec"}, {runs::kEventLabel, kHash}}},
                {"ownerReferences", {{{"uid", view.record.uid}, {"controller", true}}}}}},
              {"status",
               {{"phase", exit_code == 0 ? "Succeeded" : "Failed"},
                {"containerStatuses", {{{"name", "main"}, {"state", state}}}}}}});
  }

  // The Job controller sets this condition.
  void SetVerdict(const JobView& view, const char* condition) {
    Json job = Job(view);
    job["status"]["conditions"] = {{{"type", condition}, {"status", "True"}}};
    kube.Put(kube::Jobs("jobs"), job);
  }

  // Lets the reporter lose its leadership when it has asked this often whether it may act.
  void LoseLeadershipAfter(int questions) { questions_left_ = questions; }
  void RegainLeadership() { questions_left_ = -1; }
  bool HasLost() const { return questions_left_ == 0; }
  // What was written and sent so far, and until the loss.
  int Writes() const { return kube.Count("patch") + kube.Count("delete") + publisher.attempts; }
  int writes_before_loss() const { return writes_before_loss_; }

  // From now on the watch of pods brings nothing.
  void HidePods() { pods_hidden_ = true; }

  // Lets the reporter see the cluster and work until it has nothing to do, delays included, as far
  // as `time` goes. A dead one does nothing.
  void Run(absl::Duration time = absl::Seconds(100)) {
    const absl::Time end = clock.TimeNow() + time;
    while (!fuse.burnt()) {
      Observe(false);
      Work();
      if (clock.TimeNow() >= end) return;
      clock.Advance(absl::Seconds(1));
      reporter_->queue.AddDue();
    }
  }

  Json Job(const JobView& view) const { return kube.Find(kube::Jobs("jobs"), view.record.name); }
  std::string LedgerOf(const JobView& view) const {
    return Job(view)["metadata"]["annotations"].value(runs::kLedgerAnnotation, "");
  }
  static bool IsHeld(const Json& job) {
    return job["metadata"].contains("finalizers") && !job["metadata"]["finalizers"].empty();
  }
  // Lets the present reporter post what it has for Keptn's error log.
  void PostErrorLog() {
    reporter_->keptn_log->Close();
    reporter_->keptn_log->Run(absl::Notification());
  }

  // What the present reporter has seen.
  const Store& store() const { return reporter_->store; }

  // What the present reporter counts, as Prometheus has it.
  std::string Counters() const { return SerializeMetrics(reporter_->registry); }

  // What the present reporter has kept of the Job's log.
  std::string ArchivedLog(const JobView& view) const {
    return reporter_->archive.Get(view.record.uid);
  }
  bool IsHeld(const JobView& view) const { return IsHeld(Job(view)); }

  jobexec::testing::FakeClock clock;
  jobexec::testing::FakeKubeClient kube;
  Fuse fuse;
  FakePublisher publisher;

 private:
  struct Reporter {
    Reporter(kube::Client& client, EventPublisher& publisher, keptn::Api* api, Clock& clock,
             const std::function<bool()>& may_act)
        : queue(clock),
          metrics(registry),
          keptn_log(api == nullptr ? nullptr
                                   : std::make_unique<KeptnLog>(
                                         KeptnLog::Parts{*api, client, metrics, clock, may_act})),
          reconciler({.answers = {.installation = "jobexec", .source = "jes"},
                      .holder = "holder",
                      .may_act = may_act},
                     {client, publisher, store, queue, metrics, archive, clock, keptn_log.get()}) {
      queue.Open();
    }
    prometheus::Registry registry;
    Store store;
    WorkQueue queue;
    Metrics metrics;
    LogArchive archive;
    std::unique_ptr<KeptnLog> keptn_log;
    Reconciler reconciler;
  };

  bool MayAct() {
    if (questions_left_ > 0 && --questions_left_ == 0) writes_before_loss_ = Writes();
    return questions_left_ != 0;
  }

  // What the watches would bring.
  void Observe(bool first_list) {
    absl::flat_hash_set<std::string> uids;
    for (const Json& job : kube.All(kube::Jobs(""))) {
      JobView view = *ReadJobView(job);
      uids.insert(view.record.uid);
      reporter_->store.ApplyJob(std::move(view), first_list);
    }
    for (const Json& pod : pods_hidden_ ? std::vector<Json>() : kube.All(kube::Pods(""))) {
      reporter_->store.ApplyPod(*ReadPodView(pod));
    }
    reporter_->store.RetainJobs("", uids, "999999999");
    reporter_->queue.Add(kHash);
  }

  void Work() {
    while (std::optional<std::string> hash = reporter_->queue.TryTake()) {
      reporter_->reconciler.Process(*hash);
      reporter_->queue.Done(*hash);
    }
  }

  FusedKube fused_;
  EventPublisher& target_;
  keptn::Api* const api_;
  bool pods_hidden_ = false;
  int questions_left_ = -1;  // until the leadership is lost; -1: never
  int writes_before_loss_ = 0;
  std::unique_ptr<Reporter> reporter_;
};

}  // namespace jobexec::reporter::testing
