// Where this installation's answers are looked up, as the settings say where they go.
#pragma once

#include <memory>

#include "common/base/clock.h"
#include "common/keptn/api.h"
#include "common/nats/answer_index.h"
#include "common/nats/connection.h"
#include "intake/answered.h"
#include "intake/keptn_settings.h"
#include "intake/metrics.h"
#include "intake/old_deliveries.h"

namespace jobexec::intake {

// In Keptn's cluster: the stream, and where it no longer tells, Keptn's controller. With Keptn's
// remote API: the controller. Without Keptn: the stream, if there is one.
class AnswerLookup {
 public:
  // `api` is null without Keptn. All must outlive this. Connects when it is asked first.
  AnswerLookup(const KeptnSettings& settings, keptn::Api* api, Clock& clock, Metrics& metrics);

  // Null: answers go where nobody can be asked.
  OldDeliveries* old_deliveries() { return old_.get(); }

  // As OldDeliveries::Stop.
  void Stop();

 private:
  std::unique_ptr<KeptnAnswered> keptn_;
  std::unique_ptr<nats::Connection> connection_;
  std::unique_ptr<nats::AnswerIndex> index_;
  std::unique_ptr<NatsAnswered> nats_;
  std::unique_ptr<OldDeliveries> old_;
};

}  // namespace jobexec::intake
