#include "common/keptn/reachability_probe.h"

#include <utility>

namespace jobexec::keptn {
namespace {

constexpr absl::Duration kCallTimeout = absl::Seconds(5);

}  // namespace

ReachabilityProbe::ReachabilityProbe(Api& api, Call call, Clock& clock, absl::Duration interval) {
  call.timeout = kCallTimeout;
  thread_ = std::thread([this, &api, call = std::move(call), &clock, interval] {
    do {
      // The Api remembers what came of it.
      (void)api.Send(call);
    } while (!clock.WaitOrStop(stop_, interval));
  });
}

ReachabilityProbe::~ReachabilityProbe() {
  stop_.Notify();
  thread_.join();
}

}  // namespace jobexec::keptn
