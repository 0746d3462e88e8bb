#include "reporter/leadership.h"

#include <utility>

#include "common/base/status_details.h"

namespace jobexec::reporter {
namespace {

// Of a process without rivals.
constexpr uint64_t kOnlyTerm = 1;

std::unique_ptr<kube::LeaseElector> MakeElector(const kube::LeaseOptions& lease, kube::Client& kube,
                                                Clock& clock, prometheus::Registry& registry) {
  if (lease.name.empty()) return nullptr;
  return std::make_unique<kube::LeaseElector>(lease, kube, clock, registry);
}

}  // namespace

Leadership::Leadership(const kube::LeaseOptions& lease, kube::Client& kube, Clock& clock,
                       prometheus::Registry& registry)
    : elector_(MakeElector(lease, kube, clock, registry)) {}

void Leadership::Start(std::function<bool()> willing) {
  if (elector_ != nullptr) elector_->Start(std::move(willing));
}

void Leadership::Stop() {
  End();
  if (elector_ != nullptr) elector_->Stop();
}

uint64_t Leadership::Term() const { return elector_ == nullptr ? kOnlyTerm : elector_->Term(); }

bool Leadership::MayAct() const {
  const uint64_t acting = acting_;
  return acting != 0 && Term() == acting;
}

absl::Status Leadership::Check() const {
  if (elector_ == nullptr) return absl::OkStatus();
  const absl::Status status = elector_->status();
  if (status.ok() || IsTransient(status)) return absl::OkStatus();
  return Annotate(status, "the reporter's Lease cannot be used");
}

}  // namespace jobexec::reporter
