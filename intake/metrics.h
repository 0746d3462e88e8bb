// What intake counts, in the Prometheus text format:
//
//   jobexec_intake_events_total{outcome}      events decided, or given back: accepted, ignored,
//                                             rejected, retry
//   jobexec_intake_refused_total{reason}      requests that were no event: see kRefusalReasons
//   jobexec_intake_in_flight                  events submitted and not answered
//   jobexec_intake_submit_seconds             histogram: from submission to the answer, per event
//   jobexec_intake_stream_up                  1 while a stream to a scheduler stands
//   jobexec_intake_stream_reconnects_total    streams that ended and had to be opened again
#pragma once

#include <array>
#include <cstddef>
#include <memory>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "jobexecutor/v1/event.pb.h"

namespace jobexec::intake {

// Why a request was refused before anything was submitted. From the HTTP server: malformed (no
// HTTP), body_too_large, header_too_large, timeout, connections. From the source: path, method,
// content_type, invalid (no valid event), too_large (batch or event), busy (no room).
inline constexpr std::array kRefusalReasons = {
    "malformed", "body_too_large", "header_too_large", "timeout",   "connections", "path",
    "method",    "content_type",   "invalid",          "too_large", "busy"};

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

  std::string Text() const;

 private:
  struct Families;
  const std::unique_ptr<Families> families_;
};

}  // namespace jobexec::intake
