#include "common/kube/lease_elector.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/registry.h>
#include <unistd.h>

#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/hash.h"
#include "common/kube/lease_candidate.h"
#include "common/telemetry/log.h"

namespace jobexec::kube {
namespace {

prometheus::Gauge& LeaderGauge(const std::string& lease, prometheus::Registry& registry) {
  return prometheus::BuildGauge()
      .Name("jobexec_lease_leader")
      .Help("Whether this process leads by this Lease (1) or not (0)")
      .Register(registry)
      .Add({{"lease", lease}});
}

prometheus::Counter& ChangeCounter(const std::string& lease, const char* change,
                                   prometheus::Registry& registry) {
  return prometheus::BuildCounter()
      .Name("jobexec_lease_changes_total")
      .Help("How often this process gained and lost the leadership by this Lease")
      .Register(registry)
      .Add({{"lease", lease}, {"change", change}});
}

}  // namespace

std::string NewHolderName() {
  char host[256] = "";
  (void)gethostname(host, sizeof(host) - 1);
  return absl::StrCat(host, "-", absl::BytesToHexString(RandomBytes(8)));
}

LeaseElector::LeaseElector(const LeaseOptions& options, Client& client, Clock& clock,
                           prometheus::Registry& registry)
    : options_(options),
      clock_(clock),
      candidate_(std::make_unique<LeaseCandidate>(options, client, clock)),
      leads_(LeaderGauge(options.name, registry)),
      gained_(ChangeCounter(options.name, "gained", registry)),
      lost_(ChangeCounter(options.name, "lost", registry)) {}

LeaseElector::~LeaseElector() { Stop(); }

void LeaseElector::Start(std::function<bool()> willing) {
  thread_ = std::thread([this, willing = std::move(willing)] { Run(willing); });
}

uint64_t LeaseElector::Term() const { return candidate_->Term(); }

absl::Status LeaseElector::status() const {
  absl::MutexLock lock(&mutex_);
  return status_;
}

void LeaseElector::Stop() {
  absl::MutexLock lock(&stop_mutex_);
  if (!stop_.HasBeenNotified()) stop_.Notify();
  if (thread_.joinable()) thread_.join();
}

void LeaseElector::Run(const std::function<bool()>& willing) {
  do {
    Note(candidate_->Try(willing == nullptr || willing()));
  } while (!clock_.WaitOrStop(stop_, candidate_->Pause()));
  const absl::Status released = candidate_->Release();
  NoteLeadership();
  if (!released.ok()) {
    log::Warning("the Lease could not be given free: others take it when it expires",
                 {{"lease", options_.name}, {"error", released.ToString()}});
  }
}

void LeaseElector::Note(const absl::Status& status) {
  absl::Status last = status;
  {
    absl::MutexLock lock(&mutex_);
    std::swap(last, status_);
  }
  if (!status.ok() && last.ok()) {
    log::Warning("cannot use the Lease", {{"lease", options_.name}, {"error", status.ToString()}});
  } else if (status.ok() && !last.ok()) {
    log::Info("the Lease can be used again", {{"lease", options_.name}});
  }
  NoteLeadership();
  NoteHolder();
}

void LeaseElector::NoteLeadership() {
  const uint64_t term = candidate_->Term();
  if (term == noted_term_) return;
  if (noted_term_ != 0) {
    lost_.Increment();
    log::Info("leads no longer", {{"lease", options_.name}});
  }
  if (term != 0) {
    gained_.Increment();
    log::Info("leads now", {{"lease", options_.name}, {"term", absl::StrCat(term)}});
  }
  noted_term_ = term;
  leads_.Set(term == 0 ? 0 : 1);
}

void LeaseElector::NoteHolder() {
  std::string holder = candidate_->SeenHolder();
  if (holder == noted_holder_) return;
  noted_holder_ = std::move(holder);
  if (noted_holder_.empty() || noted_holder_ == options_.holder) return;
  log::Info("another process leads", {{"lease", options_.name}, {"holder", noted_holder_}});
}

}  // namespace jobexec::kube
