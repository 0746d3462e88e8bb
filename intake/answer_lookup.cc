#include "intake/answer_lookup.h"

#include "absl/strings/str_cat.h"

namespace jobexec::intake {

AnswerLookup::AnswerLookup(const KeptnSettings& settings, keptn::Api* api, Clock& clock,
                           Metrics& metrics) {
  if (api != nullptr) {
    // Its name in the register is the source of its answers.
    keptn_ = std::make_unique<KeptnAnswered>(*api, settings.integration.name, clock);
  }
  if (!settings.nats_urls.empty()) {
    connection_ = nats::Connection::Create(
        {.urls = settings.nats_urls, .name = absl::StrCat(settings.installation, "-intake-lookup")},
        clock);
    index_ = std::make_unique<nats::AnswerIndex>(*connection_, clock);
    nats_ = std::make_unique<NatsAnswered>(*index_, settings.installation, keptn_.get());
  }
  Answered* const answered = nats_ != nullptr ? static_cast<Answered*>(nats_.get()) : keptn_.get();
  if (answered == nullptr) return;
  old_ = std::make_unique<OldDeliveries>(*answered, OldDeliveries::Options{}, metrics);
}

void AnswerLookup::Stop() {
  if (old_ != nullptr) old_->Stop();
}

}  // namespace jobexec::intake
