#include <gtest/gtest.h>

#include <atomic>

#include "tests/bench/call_counts.h"
#include "tests/bench/parallel.h"
#include "tests/bench/statistics.h"

namespace jobexec::bench {
namespace {

TEST(Statistics, PercentileIsTheNearestRank) {
  const std::vector<double> samples = {30, 10, 20, 40};

  EXPECT_EQ(Percentile(samples, 0), 10);
  EXPECT_EQ(Percentile(samples, 25), 10);
  EXPECT_EQ(Percentile(samples, 26), 20);
  EXPECT_EQ(Percentile(samples, 99), 40);
  EXPECT_EQ(Percentile({}, 50), 0);
}

TEST(Statistics, MedianOfAnEvenNumberIsTheLowerOne) {
  EXPECT_EQ(Median({3, 1, 2}), 2);
  EXPECT_EQ(Median({4, 1, 3, 2}), 2);
}

TEST(CallCounts, ServiceCallsAreSummedOverCodes) {
  const std::string metrics =
      "# TYPE jobexec_kube_requests_total counter\n"
      "jobexec_kube_requests_total{verb=\"create\",resource=\"jobs\",code=\"ok\"} 7\n"
      "jobexec_kube_requests_total{verb=\"create\",resource=\"jobs\",code=\"unavailable\"} 2\n"
      "jobexec_kube_requests_total{verb=\"get\",resource=\"jobs\",code=\"ok\"} 1\n"
      "jobexec_kube_request_seconds_count{verb=\"create\"} 9\n";

  EXPECT_EQ(CallsOfService(metrics), (CallCounts{{"create jobs", 9}, {"get jobs", 1}}));
}

TEST(CallCounts, ApiServerCallsNameTheSubresource) {
  const std::string metrics =
      "apiserver_request_total{code=\"200\",group=\"batch\",resource=\"jobs\","
      "subresource=\"status\",verb=\"PUT\"} 3\n"
      "apiserver_request_total{code=\"201\",group=\"batch\",resource=\"jobs\","
      "subresource=\"\",verb=\"POST\"} 4\n"
      "process_cpu_seconds_total 12.5\n";

  EXPECT_EQ(CallsOfApiServer(metrics), (CallCounts{{"POST jobs", 4}, {"PUT jobs/status", 3}}));
  EXPECT_EQ(CpuSecondsOf(metrics), 12.5);
}

TEST(CallCounts, DifferenceLeavesOutWhatDidNotChange) {
  EXPECT_EQ(Difference({{"a", 5}, {"b", 2}, {"c", 1}}, {{"a", 3}, {"b", 2}}),
            (CallCounts{{"a", 2}, {"c", 1}}));
}

TEST(RunParallel, RunsEachIndexOnce) {
  std::vector<std::atomic<int>> runs(100);

  const auto result = RunParallel(runs.size(), 4, [&](int, size_t i) {
    ++runs[i];
    return absl::OkStatus();
  });

  ASSERT_TRUE(result.ok());
  for (const auto& count : runs) EXPECT_EQ(count, 1);
  EXPECT_EQ(result->Milliseconds().size(), runs.size());
}

TEST(RunParallel, TheFirstErrorStopsIt) {
  std::atomic<int> runs = 0;

  const auto result = RunParallel(1000, 1, [&](int, size_t i) {
    ++runs;
    return i == 2 ? absl::InternalError("broken") : absl::OkStatus();
  });

  EXPECT_EQ(result.status(), absl::InternalError("broken"));
  EXPECT_EQ(runs, 3);
}

}  // namespace
}  // namespace jobexec::bench
