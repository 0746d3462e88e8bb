#include "common/telemetry/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <prometheus/counter.h>
#include <prometheus/registry.h>
#include <unistd.h>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

TEST(SerializeMetrics, HasTheRegistrysAndTheProcessMetrics) {
  prometheus::Registry registry;
  prometheus::BuildCounter()
      .Name("events_total")
      .Help("Events.")
      .Register(registry)
      .Add({{"outcome", "accepted"}})
      .Increment(3);

  const std::string text = SerializeMetrics(registry);

  EXPECT_THAT(text, HasSubstr("events_total{outcome=\"accepted\"} 3\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_cpu_seconds_total counter\n"));
  EXPECT_THAT(text, HasSubstr("# TYPE process_resident_memory_bytes gauge\n"));
  EXPECT_THAT(text, HasSubstr("\nprocess_open_fds "));
  EXPECT_THAT(text, HasSubstr("\nprocess_start_time_seconds "));
}

// Fields 3 to 24 of proc(5): user time 250, system time 150, start time 4200, 7 resident pages.
constexpr char kStat[] =
    "1 (a) b) S 1 1 1 0 -1 4194560 1 0 0 0 250 150 0 0 20 0 1 0 4200 1000000 7 1844 0\n";

TEST(ReadProcessUsage, ReadsWhatTheKernelCounts) {
  const testing::TempDirectory proc;
  proc.Write("self/stat", kStat);
  proc.Write("self/fd/0", "");
  proc.Write("self/fd/1", "");
  proc.Write("stat", "cpu  1 2\nbtime 1700000000\nprocesses 3\n");
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));

  const auto usage = ReadProcessUsage(proc.path());

  ASSERT_THAT(usage, IsOk());
  EXPECT_DOUBLE_EQ(usage->cpu_seconds, 400 / ticks);
  EXPECT_DOUBLE_EQ(usage->resident_bytes, 7.0 * static_cast<double>(sysconf(_SC_PAGESIZE)));
  EXPECT_DOUBLE_EQ(usage->open_fds, 2);
  EXPECT_DOUBLE_EQ(usage->start_seconds, 1700000000 + 4200 / ticks);
}

TEST(ReadProcessUsage, NamesTheFileThatIsNotAsExpected) {
  for (const char* broken : {"self/stat", "stat"}) {
    const testing::TempDirectory proc;
    proc.Write("self/stat", kStat);
    proc.Write("self/fd/0", "");
    proc.Write("stat", "btime 1700000000\n");
    proc.Write(broken, "nonsense\n");

    EXPECT_THAT(ReadProcessUsage(proc.path()),
                StatusIs(absl::StatusCode::kUnavailable,
                         HasSubstr(absl::StrCat("/", broken, " is not as expected"))));
  }
}

}  // namespace
}  // namespace jobexec
