// What intake counts, in the Prometheus text format:
//
//   jobexec_intake_events_total{outcome}      events decided, or given back: accepted, ignored,
//                                             rejected, retry
//   jobexec_intake_refused_total{reason}      requests that were no event: see kRefusalReasons
//   jobexec_intake_in_flight                  events submitted and not answered
//   jobexec_intake_submit_seconds             histogram: from submission to the answer, per event
//   jobexec_intake_stream_up                  1 while a stream to a scheduler stands
//   jobexec_intake_stream_reconnects_total    streams that ended and had to be opened again
//   jobexec_intake_old_deliveries_total{result}  events that may have been answered before, looked
//   up:
//                                             answered, not_answered, unknown
//   jobexec_intake_nats_messages_total{result}  messages from NATS by what they were: see
//                                             kNatsResults
//   jobexec_intake_nats_redelivered_total     of these, handed out before (to anybody)
//   jobexec_intake_nats_settled_total{how}    messages that NATS was told about: ack (done), nak
//                                             (hand it out again)
//   jobexec_intake_nats_up                    1 while messages can be fetched
//   jobexec_intake_nats_durable               1 with JetStream, 0 without or unknown
//   jobexec_intake_nats_backlog               messages in the stream that nobody has fetched yet
//   jobexec_intake_nats_unacknowledged        messages that were fetched, by all replicas, and not
//                                             acknowledged
//   jobexec_intake_keptn_heartbeats_total{result}  tries to be registered with Keptn and to ping
//   it:
//                                             ok, failed
//   jobexec_intake_keptn_registered           1 if the last one worked
//   jobexec_intake_keptn_subscriptions        subscriptions as Keptn last told them
//   jobexec_intake_polls_total{result}        lists of open offers asked of Keptn: ok, failed
//   jobexec_intake_open_offers                offers in the last lists that a subscription takes
//   jobexec_intake_sequence_ends_total{result}  cancels because a sequence ended early: cancelled
//                                             (something was), nothing (was left), failed
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "jobexecutor/v1/event.pb.h"

namespace prometheus {
class Registry;
}

namespace jobexec::intake {

// Why a request was refused before anything was submitted. From the HTTP server: malformed (no
// HTTP), body_too_large, header_too_large, timeout, connections. From the source: path, method,
// content_type, invalid (no valid event), too_large (batch or event), busy (no room).
inline constexpr std::array kRefusalReasons = {
    "malformed", "body_too_large", "header_too_large", "timeout",   "connections", "path",
    "method",    "content_type",   "invalid",          "too_large", "busy"};

// What became of a message from NATS: submitted (handed to a scheduler), sequence_end (Keptn's word
// that a sequence is over), not_wanted (no subscription takes it), ended (of a sequence that is
// over), invalid (no CloudEvent, or too large), repeated (handed out again while it is in work
// here).
inline constexpr std::array kNatsResults = {"submitted", "sequence_end", "not_wanted",
                                            "ended",     "invalid",      "repeated"};

// Thread-safe.
class Metrics {
 public:
  Metrics();
  ~Metrics();

  void CountOutcome(::jobexecutor::v1::EventOutcome::OutcomeCase outcome);
  // `reason` must be one of kRefusalReasons.
  void CountRefusal(absl::string_view reason);
  void SetInFlight(size_t events);
  void ObserveSubmit(absl::Duration duration);
  void CountReconnect();
  void SetStreamUp(bool up);
  // `result` must be answered, not_answered or unknown.
  void CountOldDelivery(absl::string_view result);
  // `result` must be one of kNatsResults.
  void CountNatsMessage(absl::string_view result);
  void CountNatsRedelivery();
  // `how` must be ack or nak.
  void CountNatsSettled(absl::string_view how);
  void SetNatsState(bool up, bool durable);
  void SetNatsBacklog(uint64_t undelivered, uint64_t unacknowledged);

  void CountHeartbeat(bool ok);
  void SetSubscriptions(size_t count);
  void CountPoll(bool ok);
  void SetOpenOffers(size_t count);
  // "cancelled", "nothing" or "failed".
  void CountSequenceEnd(absl::string_view result);

  std::string Text() const;

  // For what counts for itself and is shown with the rest.
  prometheus::Registry& registry();

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace jobexec::intake
