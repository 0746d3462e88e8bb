#include "common/kube/lease_candidate.h"

#include <algorithm>
#include <utility>

#include "common/base/status_macros.h"
#include "common/json/json.h"

namespace jobexec::kube {
namespace {

using Json = nlohmann::json;

constexpr char kHolder[] = "holderIdentity";
constexpr char kDuration[] = "leaseDurationSeconds";
constexpr char kTransitions[] = "leaseTransitions";

// Kubernetes' MicroTime.
std::string FormatMicroTime(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", time, absl::UTCTimeZone());
}

Json SpecOf(const Json& lease) {
  const Json* spec = lease.is_object() ? json::Find(lease, "spec") : nullptr;
  return spec != nullptr && spec->is_object() ? *spec : Json::object();
}

std::string HolderOf(const Json& spec) {
  return spec.is_object() ? json::GetString(spec, kHolder) : "";
}

int64_t NumberOf(const Json& spec, const char* field) {
  const Json* number = spec.is_object() ? json::Find(spec, field) : nullptr;
  return number != nullptr && number->is_number_integer() ? number->get<int64_t>() : 0;
}

// Somebody else was faster, or our last write landed although its answer was lost.
bool IsConflict(const absl::Status& status) {
  return absl::IsAborted(status) || absl::IsAlreadyExists(status) || absl::IsNotFound(status);
}

}  // namespace

LeaseCandidate::LeaseCandidate(LeaseOptions options, Client& client, Clock& clock)
    : options_(std::move(options)), client_(client), clock_(clock) {}

uint64_t LeaseCandidate::Term() const {
  absl::MutexLock lock(&mutex_);
  return clock_.Elapsed() < lead_until_ ? term_ : 0;
}

std::string LeaseCandidate::SeenHolder() const {
  absl::MutexLock lock(&mutex_);
  return seen_holder_;
}

absl::Status LeaseCandidate::Try(bool willing) {
  last_try_ = clock_.Elapsed();
  if (IsOurs()) {
    absl::Status renewed = Write();
    if (!IsConflict(renewed)) return renewed;
  }
  RETURN_IF_ERROR(Read());
  if (!IsOurs() && !(willing && IsFree())) return absl::OkStatus();
  absl::Status taken = lease_.is_null() ? Create() : Write();
  if (!IsConflict(taken)) return taken;
  lease_ = nullptr;
  return absl::OkStatus();
}

absl::Duration LeaseCandidate::Pause() {
  const absl::Duration now = clock_.Elapsed();
  absl::Duration next = last_try_ + options_.retry * absl::Uniform(random_, 1.0, 1.2);
  const absl::Duration expiry = seen_at_ + ValidFor();
  if (!IsOurs() && !HolderOf(seen_spec_).empty() && expiry > now) next = std::min(next, expiry);
  return std::max(next - now, absl::ZeroDuration());
}

absl::Status LeaseCandidate::Release() {
  End();
  RETURN_IF_ERROR(Read());
  if (!IsOurs()) return absl::OkStatus();
  Json lease = lease_;
  lease["spec"].erase(kHolder);
  lease["spec"]["renewTime"] = FormatMicroTime(clock_.TimeNow());
  return Update(lease);
}

bool LeaseCandidate::IsOurs() const { return HolderOf(SpecOf(lease_)) == options_.holder; }

// Also if the Lease has vanished: who held it may still count itself the leader.
bool LeaseCandidate::IsFree() const {
  const std::string holder = HolderOf(seen_spec_);
  if (holder.empty() || holder == options_.holder) return true;
  return clock_.Elapsed() - seen_at_ >= ValidFor();
}

// A holder that was set up otherwise says how long it may count on its Lease.
absl::Duration LeaseCandidate::ValidFor() const {
  return std::max(options_.duration, absl::Seconds(NumberOf(seen_spec_, kDuration)));
}

absl::Status LeaseCandidate::Read() {
  absl::StatusOr<Json> lease =
      client_.Get(Leases(options_.name_space), options_.name, options_.call_timeout);
  if (absl::IsNotFound(lease.status())) {
    lease_ = nullptr;
    End();
    return absl::OkStatus();
  }
  RETURN_IF_ERROR(lease.status());
  See(*std::move(lease));
  return absl::OkStatus();
}

absl::Status LeaseCandidate::Create() {
  const Json lease = {{"apiVersion", "coordination.k8s.io/v1"},
                      {"kind", "Lease"},
                      {"metadata", {{"name", options_.name}}},
                      {"spec", OurSpec()}};
  const absl::Duration start = clock_.Elapsed();
  RETURN_IF_ERROR(
      client_.Create(Leases(options_.name_space), json::Dump(lease), options_.call_timeout));
  Lead(start);
  return absl::OkStatus();
}

absl::Status LeaseCandidate::Write() {
  Json lease = lease_;
  lease["spec"] = OurSpec();
  const absl::Duration start = clock_.Elapsed();
  RETURN_IF_ERROR(Update(lease));
  Lead(start);
  return absl::OkStatus();
}

absl::Status LeaseCandidate::Update(const Json& lease) {
  ASSIGN_OR_RETURN(Json written, client_.Update(Leases(options_.name_space), options_.name, lease,
                                                options_.call_timeout));
  See(std::move(written));
  return absl::OkStatus();
}

// What the Lease is to say: of lease_, with our renewal, and as a new holder's if it is not ours
// yet.
Json LeaseCandidate::OurSpec() const {
  Json spec = SpecOf(lease_);
  const std::string now = FormatMicroTime(clock_.TimeNow());
  if (HolderOf(spec) != options_.holder) {
    spec["acquireTime"] = now;
    spec[kTransitions] = lease_.is_null() ? 0 : NumberOf(spec, kTransitions) + 1;
  }
  spec[kHolder] = options_.holder;
  spec[kDuration] = absl::ToInt64Seconds(absl::Ceil(options_.duration, absl::Seconds(1)));
  spec["renewTime"] = now;
  return spec;
}

void LeaseCandidate::See(Json lease) {
  Json spec = SpecOf(lease);
  if (spec != seen_spec_) seen_at_ = clock_.Elapsed();
  seen_spec_ = std::move(spec);
  lease_ = std::move(lease);
  if (!IsOurs()) End();
  absl::MutexLock lock(&mutex_);
  seen_holder_ = HolderOf(seen_spec_);
}

void LeaseCandidate::Lead(absl::Duration start) {
  absl::MutexLock lock(&mutex_);
  if (clock_.Elapsed() >= lead_until_) ++term_;
  lead_until_ = start + options_.renew_deadline;
}

void LeaseCandidate::End() {
  absl::MutexLock lock(&mutex_);
  lead_until_ = -absl::InfiniteDuration();
}

}  // namespace jobexec::kube
