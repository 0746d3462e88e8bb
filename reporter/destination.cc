#include "reporter/destination.h"

#include "reporter/http_sink_publisher.h"
#include "reporter/keptn_publisher.h"
#include "reporter/nats_publisher.h"

namespace jobexec::reporter {
namespace {

constexpr absl::Duration kProbeInterval = absl::Seconds(30);

}  // namespace

Destination::Destination(const Settings& settings, Clock& clock,
                         const std::function<bool()>& may_send)
    : clock_(clock) {
  if (settings.keptn.mode != keptn::Mode::kNone) {
    keptn_ = keptn::Api::Create(settings.keptn, clock, may_send);
  }
  if (settings.keptn.mode == keptn::Mode::kRemote) {
    publisher_ = std::make_unique<KeptnPublisher>(*keptn_);
  } else if (settings.nats_urls.empty()) {
    http_ = http::Client::Create({.may_send = may_send});
    publisher_ = std::make_unique<HttpSinkPublisher>(settings.sink, *http_);
  } else {
    nats_ = nats::Connection::Create(
        {.urls = settings.nats_urls, .name = "jobexec-reporter", .may_send = may_send}, clock);
    publisher_ = std::make_unique<NatsPublisher>(*nats_, keptn_.get(), clock);
  }
}

void Destination::Abort() {
  if (http_ != nullptr) http_->Abort();
  if (nats_ != nullptr) nats_->Abort();
  if (keptn_ != nullptr) keptn_->Abort();
}

void Destination::KeepProbing(const absl::Notification& stop) {
  do {
    publisher_->Probe();
  } while (!clock_.WaitOrStop(stop, kProbeInterval));
}

}  // namespace jobexec::reporter
