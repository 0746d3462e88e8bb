#include "common/keptn/reachability_probe.h"

#include <gtest/gtest.h>

#include "tests/support/manual_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::keptn {
namespace {

using ::jobexec::testing::IsOk;

TEST(ReachabilityProbe, AsksAgainAndAgainUntilKeptnAnswers) {
  absl::Notification third;
  std::atomic<int> asked = 0;
  testing::ScriptedKeptn keptn([&](const http::Request&) {
    const int now = ++asked;
    if (now == 3) third.Notify();
    return now < 3 ? testing::JsonAnswer(503, "")
                   : testing::JsonAnswer(404, R"({"message":"Project not found"})");
  });
  testing::ManualClock clock;
  const auto api = Api::Create(keptn.RemoteSettings(), clock);
  {
    const ReachabilityProbe probe(*api, {.service = Service::kResources, .path = "/v1/x"}, clock,
                                  absl::Seconds(10));
    third.WaitForNotification();
  }

  EXPECT_THAT(api->CheckReachable(), IsOk()) << "a 404 is an answer";
  EXPECT_EQ(keptn.lines()[0], "GET /api/resource-service/v1/x");
}

}  // namespace
}  // namespace jobexec::keptn
