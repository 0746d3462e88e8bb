#include "tests/bench/process_usage.h"

#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <fstream>
#include <string>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "common/base/file.h"
#include "common/base/status_macros.h"

namespace jobexec::bench {
namespace {

constexpr size_t kMaxProcBytes = 1024 * 1024;

double Ticks(double ticks) { return ticks / static_cast<double>(sysconf(_SC_CLK_TCK)); }

double ToNumber(absl::string_view text) {
  double number = 0;
  return absl::SimpleAtod(text, &number) ? number : 0;
}

// "VmRSS:     1234 kB" as megabytes.
double Megabytes(absl::string_view status, absl::string_view field) {
  for (absl::string_view line : absl::StrSplit(status, '\n')) {
    if (!absl::ConsumePrefix(&line, field)) continue;
    return ToNumber(absl::StripSuffix(line, " kB")) * 1024 / 1e6;
  }
  return 0;
}

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

absl::StatusOr<ProcessUsage> ReadUsage(pid_t pid) {
  const std::string directory = absl::StrCat("/proc/", pid, "/");
  ASSIGN_OR_RETURN(const std::string status, ReadFile(directory + "status", kMaxProcBytes));
  ASSIGN_OR_RETURN(const std::string stat, ReadFile(directory + "stat", kMaxProcBytes));
  // The name in brackets may hold blanks; the fields after it begin with the third, "state".
  const std::vector<std::string> fields = absl::StrSplit(stat.substr(stat.rfind(')') + 2), ' ');
  if (fields.size() < 13) return absl::UnavailableError(directory + "stat is too short");
  return ProcessUsage{.resident_mb = Megabytes(status, "VmRSS:"),
                      .peak_resident_mb = Megabytes(status, "VmHWM:"),
                      .cpu_seconds = Ticks(ToNumber(fields[11]) + ToNumber(fields[12]))};
}

double OwnCpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

double MachineCpuSeconds() {
  // "cpu  user nice system idle iowait irq softirq steal ..."
  std::ifstream stat("/proc/stat");
  std::string name;
  std::array<double, 7> ticks{};
  stat >> name;
  for (double& value : ticks) stat >> value;
  return Ticks(ticks[0] + ticks[1] + ticks[2] + ticks[5] + ticks[6]);
}

}  // namespace jobexec::bench
