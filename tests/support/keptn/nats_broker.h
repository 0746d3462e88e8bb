// Keptn's services on a real NATS server.
#pragma once

#include <memory>
#include <string>

#include "common/base/clock.h"
#include "tests/support/keptn/broker.h"
#include "tests/support/keptn/event_log.h"

namespace jobexec::test_keptn {

struct NatsOptions {
  std::string url;
  // What Keptn's own services publish is published again until the server says that it is stored.
  // The original does not do this: what is under way when the server dies is lost. For tests that
  // kill the server and look for losses of somebody else.
  bool confirm = false;
  // The controller does not take a message again whose acknowledgement was lost. The original
  // does, and counts it twice.
  bool forget_redeliveries = false;
};

// Its Start makes the stream "keptn" (sh.keptn.>) and the controller's durable consumer, and
// subscribes the datastore to sh.keptn.event.>. Goes on by itself after an outage of the server.
// `clock` and `log` must outlive it.
std::unique_ptr<Broker> MakeNatsBroker(const NatsOptions& options, Broker::Receivers receivers,
                                       Clock& clock, EventLog& log);

}  // namespace jobexec::test_keptn
