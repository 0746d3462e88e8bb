#include "common/telemetry/metrics.h"

#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>
#include <unistd.h>

#include <filesystem>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/file.h"
#include "common/base/status_macros.h"

namespace jobexec {
namespace {

constexpr size_t kMaxProcBytes = 4 * 1024 * 1024;  // /proc/stat has a line for each CPU

// Fields of /proc/self/stat after the process's name (which may contain blanks), so that field 3 of
// proc(5), the state, has index 0.
enum StatField { kUserTime = 11, kSystemTime = 12, kStartTime = 19, kResidentPages = 21 };

absl::Status Unexpected(absl::string_view path) {
  return absl::UnavailableError(absl::StrCat(path, " is not as expected"));
}

absl::StatusOr<double> ReadBootSeconds(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxProcBytes));
  double seconds = 0;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    const std::pair<absl::string_view, absl::string_view> field = absl::StrSplit(line, ' ');
    if (field.first == "btime" && absl::SimpleAtod(field.second, &seconds)) return seconds;
  }
  return Unexpected(path);
}

absl::StatusOr<double> CountEntries(const std::string& path) {
  std::error_code error;
  double count = 0;
  std::filesystem::directory_iterator entry(path, error);
  while (!error && entry != std::filesystem::directory_iterator()) {
    ++count;
    entry.increment(error);
  }
  if (error) return Unexpected(path);
  return count;
}

prometheus::MetricFamily MakeFamily(const char* name, const char* help, prometheus::MetricType type,
                                    double value) {
  prometheus::ClientMetric metric;
  metric.gauge.value = value;
  metric.counter.value = value;
  prometheus::MetricFamily family;
  family.name = name;
  family.help = help;
  family.type = type;
  family.metric.push_back(std::move(metric));
  return family;
}

}  // namespace

absl::StatusOr<ProcessUsage> ReadProcessUsage(absl::string_view proc) {
  const std::string stat_path = absl::StrCat(proc, "/self/stat");
  ASSIGN_OR_RETURN(const std::string stat, ReadFile(stat_path, kMaxProcBytes));
  const size_t name_end = stat.rfind(") ");
  if (name_end == std::string::npos) return Unexpected(stat_path);
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(name_end + 2), ' ');
  double user = 0;
  double system = 0;
  double start = 0;
  double pages = 0;
  if (fields.size() <= kResidentPages || !absl::SimpleAtod(fields[kUserTime], &user) ||
      !absl::SimpleAtod(fields[kSystemTime], &system) ||
      !absl::SimpleAtod(fields[kStartTime], &start) ||
      !absl::SimpleAtod(fields[kResidentPages], &pages)) {
    return Unexpected(stat_path);
  }
  ASSIGN_OR_RETURN(const double boot, ReadBootSeconds(absl::StrCat(proc, "/stat")));
  ProcessUsage usage;
  ASSIGN_OR_RETURN(usage.open_fds, CountEntries(absl::StrCat(proc, "/self/fd")));
  const auto ticks_per_second = static_cast<double>(sysconf(_SC_CLK_TCK));
  usage.cpu_seconds = (user + system) / ticks_per_second;
  usage.resident_bytes = pages * static_cast<double>(sysconf(_SC_PAGESIZE));
  usage.start_seconds = boot + start / ticks_per_second;
  return usage;
}

std::string SerializeMetrics(const prometheus::Registry& registry) {
  std::vector<prometheus::MetricFamily> families = registry.Collect();
  const absl::StatusOr<ProcessUsage> usage = ReadProcessUsage("/proc");
  if (usage.ok()) {
    using prometheus::MetricType;
    families.push_back(MakeFamily("process_cpu_seconds_total", "User and system CPU time spent.",
                                  MetricType::Counter, usage->cpu_seconds));
    families.push_back(MakeFamily("process_resident_memory_bytes", "Resident memory size.",
                                  MetricType::Gauge, usage->resident_bytes));
    families.push_back(MakeFamily("process_open_fds", "Open file descriptors.", MetricType::Gauge,
                                  usage->open_fds));
    families.push_back(MakeFamily("process_start_time_seconds",
                                  "Start of the process since the Unix epoch.", MetricType::Gauge,
                                  usage->start_seconds));
  }
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace jobexec
