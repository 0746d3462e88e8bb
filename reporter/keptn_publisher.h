// Answers through Keptn's API.
#pragma once

#include "absl/status/statusor.h"
#include "common/keptn/api.h"
#include "reporter/event_publisher.h"

namespace jobexec::reporter {

// Keptn replaces the id of what is posted and counts every copy of it: whether an answer has come
// must be asked.
class KeptnPublisher final : public EventPublisher {
 public:
  // `api` must outlive the publisher. Its calls end within 30 s, so that what was sent is not on
  // its way any more after kIntentSettled.
  explicit KeptnPublisher(keptn::Api& api) : api_(api) {}

  Transport transport() const override { return Transport::kKeptn; }

  // Errors as of keptn::PostEvent: those without NOT_SENT leave it open whether Keptn has the
  // event.
  absl::StatusOr<Receipt> Publish(const cloudevents::Event& event) override;

  // As AskKeptn.
  absl::StatusOr<Finding> Find(const Wanted& wanted) override;

  absl::Duration duplicate_window() const override { return absl::ZeroDuration(); }
  absl::Status CheckReachable() const override { return api_.CheckReachable(); }
  void Probe() override;

 private:
  keptn::Api& api_;
};

// Asks Keptn's controller what it has counted. If it has no answer, Keptn's event store may know
// the answer; that it does not is taken for its absence only if the controller can never be asked
// (it has no such call, or refuses us), not while it is away. Errors are the controller's.
absl::StatusOr<Finding> AskKeptn(keptn::Api& api, const Wanted& wanted);

}  // namespace jobexec::reporter
