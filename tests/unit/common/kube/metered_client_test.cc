#include "common/kube/metered_client.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "common/telemetry/metrics.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/status_matchers.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::IsOk;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(MeteredClient, CountsCallsByVerbResourceAndResult) {
  prometheus::Registry registry;
  FakeKubeClient fake;
  MeteredClient client(fake, registry);
  const auto jobs = Jobs("ns");
  constexpr char kJob[] = R"({"metadata":{"name":"a"}})";
  const absl::Duration timeout = absl::Seconds(1);

  EXPECT_THAT(client.Create(jobs, kJob, timeout), IsOk());
  EXPECT_FALSE(client.Create(jobs, kJob, timeout).ok());
  EXPECT_THAT(client.Get(jobs, "a", timeout), IsOk());
  EXPECT_THAT(client.Patch(jobs, "a", nlohmann::json::array(), timeout), IsOk());
  EXPECT_THAT(client.Update(jobs, "a", {{"metadata", {{"name", "a"}}}}, timeout), IsOk());
  EXPECT_THAT(client.List(jobs, {}, timeout), IsOk());
  EXPECT_FALSE(client.ReadLog("ns", "p", "c", 10, timeout).ok());
  EXPECT_THAT(client.CheckReady(timeout), IsOk());
  absl::Notification stop;
  stop.Notify();
  EXPECT_FALSE(client
                   .StreamLog("ns", "p", {.container = "c"}, stop, timeout,
                              [](absl::string_view) { return true; })
                   .ok());
  EXPECT_FALSE(client.Watch(jobs, {}, stop, [](WatchEventType, const nlohmann::json&) {}).ok());
  EXPECT_THAT(client.Delete(jobs, "a", "", timeout), IsOk());

  const std::string text = SerializeMetrics(registry);
  for (const char* labels :
       {R"(code="ok",resource="jobs",verb="create")", R"(code="ok",resource="jobs",verb="get")",
        R"(code="already_exists",resource="jobs",verb="create")",
        R"(code="ok",resource="jobs",verb="patch")", R"(code="ok",resource="jobs",verb="update")",
        R"(code="ok",resource="jobs",verb="list")",
        R"(code="not_found",resource="pods",verb="log")",
        R"(code="cancelled",resource="pods",verb="log")", R"(code="ok",resource="",verb="readyz")",
        R"(code="cancelled",resource="jobs",verb="watch")",
        R"(code="ok",resource="jobs",verb="delete")"}) {
    EXPECT_THAT(text, HasSubstr(std::string("jobexec_kube_requests_total{") + labels + "} 1\n"));
  }
  EXPECT_THAT(text, HasSubstr("jobexec_kube_request_seconds_count{verb=\"create\"} 2\n"));
  EXPECT_THAT(text, Not(HasSubstr("jobexec_kube_request_seconds_count{verb=\"watch\"}")));
}

}  // namespace
}  // namespace jobexec::kube
