// The reply subject of a message that a JetStream consumer delivered: it says which message it is,
// and takes the acknowledgement. Pure.
//
// Source: nats-architecture-and-design, ADR-15 ("JetStream Subscribe Workflow").
#pragma once

#include <cstdint>
#include <optional>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::nats {

struct DeliveryInfo {
  uint64_t deliveries = 0;  // how often it was handed out, this time included
  uint64_t sequence = 0;    // in the stream
  absl::Time time;          // when the stream took it, by the server's clock
};

// Reads "$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer
// sequence>.<nanoseconds since 1970>.<pending>", or its newer form with domain and account before
// the stream and a random token at the end. Nothing if `reply` is no such subject: the message is
// none of a consumer.
std::optional<DeliveryInfo> ParseAckSubject(absl::string_view reply);

}  // namespace jobexec::nats
