#include "intake/event_sources.h"

#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/synchronization/notification.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/kube/config.h"
#include "common/kube/lease_elector.h"
#include "common/nats/consumer.h"
#include "common/telemetry/log.h"
#include "intake/nats_source.h"
#include "intake/offer_source.h"
#include "intake/subscriptions.h"
#include "intake/uniform.h"

namespace jobexec::intake {
namespace {

nats::Consumer::Options ConsumerOptions(const KeptnSettings& settings) {
  const std::string name = absl::StrCat(settings.installation, "-intake");
  return {.urls = settings.nats_urls,
          .name = name,
          .subject = settings.nats_subject,
          .group = nats::DurableName(name)};
}

// All that does not work.
absl::Status Join(const std::vector<absl::Status>& statuses) {
  std::vector<std::string> faults;
  for (const absl::Status& status : statuses) {
    if (!status.ok()) faults.emplace_back(status.message());
  }
  if (faults.empty()) return absl::OkStatus();
  return absl::UnavailableError(absl::StrJoin(faults, "; "));
}

}  // namespace

// In the order in which they depend on one another.
struct EventSources::State {
  State(const KeptnSettings& given, const Parts& needed) : settings(given), parts(needed) {}

  absl::Status JoinLease();
  void AddAgent();
  void AddNats();
  void AddOffers();
  void StartThreads();
  bool MayPoll() const { return elector == nullptr || elector->LeadsNow(); }

  const KeptnSettings settings;
  const Parts parts;
  Subscriptions subscriptions;
  std::unique_ptr<kube::Client> kube;  // null without a Lease; so is the elector
  std::unique_ptr<kube::LeaseElector> elector;
  std::unique_ptr<UniformAgent> agent;      // null without registration
  std::unique_ptr<nats::Consumer> durable;  // null without NATS; so are the next two
  std::unique_ptr<nats::CoreConsumer> core;
  std::unique_ptr<NatsSource> nats;
  std::unique_ptr<OfferSource> offers;  // null unless polled
  absl::Notification stop;
  std::vector<std::thread> threads;
};

absl::Status EventSources::State::JoinLease() {
  if (settings.lease.empty()) return absl::OkStatus();
  auto connected = kube::ConnectCluster(settings.kubeconfig);
  if (!connected.ok()) {
    return Annotate(connected.status(),
                    "the Lease of INTAKE_POLL_LEASE (set it to nothing if a single intake polls)");
  }
  kube = *std::move(connected);
  elector = std::make_unique<kube::LeaseElector>(
      kube::LeaseOptions{.name_space = settings.lease_namespace,
                         .name = settings.lease,
                         .holder = kube::NewHolderName()},
      *kube, parts.clock, parts.metrics.registry());
  return absl::OkStatus();
}

void EventSources::State::AddAgent() {
  agent = std::make_unique<UniformAgent>(UniformAgent::Options{.integration = settings.integration,
                                                               .configured = settings.configured,
                                                               .heartbeat = settings.heartbeat},
                                         *parts.api, subscriptions, parts.clock, parts.metrics);
}

void EventSources::State::AddNats() {
  durable = nats::Consumer::CreateDurable(ConsumerOptions(settings), parts.clock);
  core = nats::CoreConsumer::Create(ConsumerOptions(settings), parts.clock);
  nats = std::make_unique<NatsSource>(
      NatsSource::Options{}, NatsSource::Parts{*durable, *core, subscriptions, parts.ends,
                                               parts.dispatcher, parts.clock, parts.metrics});
}

void EventSources::State::AddOffers() {
  offers = std::make_unique<OfferSource>(
      OfferSource::Options{.interval = settings.polling_interval}, *parts.api, subscriptions,
      parts.dispatcher, [this] { return MayPoll(); }, parts.clock, parts.metrics);
}

void EventSources::State::StartThreads() {
  if (elector) elector->Start(nullptr);
  threads.emplace_back([this] { parts.ends.Run(stop); });
  if (agent) threads.emplace_back([this] { agent->Run(stop); });
  if (nats) threads.emplace_back([this] { nats->Run(stop); });
  if (offers) threads.emplace_back([this] { offers->Run(stop); });
}

EventSources::EventSources(std::unique_ptr<State> state) : state_(std::move(state)) {}

EventSources::~EventSources() { Stop(); }

absl::StatusOr<std::unique_ptr<EventSources>> EventSources::Start(const KeptnSettings& settings,
                                                                  const Parts& parts) {
  for (const std::string& warning : settings.warnings) {
    log::Warning("doubtful setting", {{"warning", warning}});
  }
  auto state = std::make_unique<State>(settings, parts);
  if (settings.registers) {
    state->AddAgent();
  } else {
    state->subscriptions.Set("", settings.configured);
  }
  if (!settings.nats_subject.empty()) state->AddNats();
  if (settings.api.mode == keptn::Mode::kRemote) {
    RETURN_IF_ERROR(state->JoinLease());
    state->AddOffers();
  }
  state->StartThreads();
  return std::unique_ptr<EventSources>(new EventSources(std::move(state)));
}

absl::Status EventSources::Check() const {
  std::vector<absl::Status> statuses;
  if (state_->agent) statuses.push_back(state_->agent->Check());
  if (state_->nats) statuses.push_back(state_->nats->Check());
  if (state_->offers) statuses.push_back(state_->offers->Check());
  if (state_->elector) {
    statuses.push_back(
        Annotate(state_->elector->status(), absl::StrCat("Lease ", state_->settings.lease)));
  }
  return Join(statuses);
}

void EventSources::BeginStop() {
  if (!state_->stop.HasBeenNotified()) state_->stop.Notify();
}

void EventSources::Stop() {
  BeginStop();
  for (std::thread& thread : state_->threads) thread.join();
  state_->threads.clear();
  // Nothing that the holder did is under way any more.
  if (state_->elector) state_->elector->Stop();
}

}  // namespace jobexec::intake
