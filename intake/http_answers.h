// What an HTTP source is told about its events.
//
// 202 with JSON when every event is decided. One event:
//   {"outcome":"accepted","runs":[{"action":"deploy","jobs":["ns/name",..],"silent":false}],
//    "alreadyKnown":false}                       its Jobs run, or run already; already known and
//                                                without runs: it was answered before, nothing is
//                                                left of its Jobs
//   {"outcome":"ignored","reason":".."}           nothing is to be done for it
//   {"outcome":"rejected","recorded":true,"code":"INVALID_ARGUMENT","reason":"CONFIG_INVALID",
//    "message":".."}                              refused, and the refusal is stored and answered
// A batch: {"outcomes":[..]} with one such object per event, in their order; here an entry may be
// rejected with "recorded":false.
//
// Everything else is an RFC 9457 problem (application/problem+json: status, title, detail):
//   409  the event's name in the store belongs to another event (ALREADY_EXISTS, not recorded)
//   422  the event can never run as it is, and nothing was recorded
//   503  not decided, with Retry-After: send the same again, nothing runs twice. For a batch as
//   soon
//        as one of its events is not decided.
// 409 and 422 are for single events only: of a batch the other events are decided, and each says
// so.
#pragma once

#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/http/http_message.h"
#include "intake/scheduler_link.h"

namespace jobexec::intake {

// `outcome` is set.
http::Response AnswerTo(const EventOutcome& outcome);
http::Response AnswerToBatch(const std::vector<EventOutcome>& outcomes);

// 503 with Retry-After: `delay` in seconds, rounded up, at least 1.
http::Response TryAgain(absl::Duration delay, absl::string_view detail);

}  // namespace jobexec::intake
