#include "intake/old_deliveries.h"

#include <utility>

namespace jobexec::intake {

OldDeliveries::OldDeliveries(Answered& answered, const Options& options, Metrics& metrics)
    : answered_(answered),
      metrics_(metrics),
      pool_(std::make_unique<WorkerPool>(options.threads, options.queue)) {}

OldDeliveries::~OldDeliveries() { Stop(); }

void OldDeliveries::Ask(const Delivery& delivery, Callback done) {
  // Shared, since a refused function is not given back.
  auto callback = std::make_shared<Callback>(std::move(done));
  absl::Status refusal = absl::UnavailableError("intake is stopping");
  {
    absl::MutexLock lock(&mutex_);
    WorkerPool::Work work = [this, &delivery, callback] {
      std::move (*callback)(LookUp(delivery));
    };
    if (pool_ != nullptr && pool_->TrySubmit(std::move(work))) return;
    if (pool_ != nullptr) {
      refusal = absl::ResourceExhaustedError("too many old events wait to be looked up");
    }
  }
  metrics_.CountOldDelivery("unknown");
  std::move (*callback)(std::move(refusal));
}

void OldDeliveries::Stop() {
  std::unique_ptr<WorkerPool> pool;
  {
    absl::MutexLock lock(&mutex_);
    pool = std::move(pool_);
  }
  // Its end waits for what is queued, which is answered at once now.
  pool.reset();
}

absl::StatusOr<bool> OldDeliveries::LookUp(const Delivery& delivery) {
  absl::StatusOr<bool> answered =
      Stopping() ? absl::UnavailableError("intake is stopping") : answered_.WasAnswered(delivery);
  const bool known = answered.ok();
  metrics_.CountOldDelivery(!known ? "unknown" : *answered ? "answered" : "not_answered");
  return answered;
}

bool OldDeliveries::Stopping() const {
  absl::MutexLock lock(&mutex_);
  return pool_ == nullptr;
}

}  // namespace jobexec::intake
