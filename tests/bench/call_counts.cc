#include "tests/bench/call_counts.h"

#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"

namespace jobexec::bench {
namespace {

using Labels = std::map<std::string, std::string>;

// Labels of `a="x",b="y"`. None of the values that are counted here holds a comma or a quote.
Labels ParseLabels(absl::string_view text) {
  Labels labels;
  for (const absl::string_view pair : absl::StrSplit(text, ',', absl::SkipEmpty())) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(pair, absl::MaxSplits('=', 1));
    labels[parts.first] =
        std::string(absl::StripSuffix(absl::StripPrefix(parts.second, "\""), "\""));
  }
  return labels;
}

// Sums the series of `metric` by what `key` makes of their labels.
template <typename Key>
CallCounts Sum(absl::string_view metrics, absl::string_view metric, Key key) {
  const std::string start = absl::StrCat(metric, "{");
  CallCounts counts;
  for (absl::string_view line : absl::StrSplit(metrics, '\n')) {
    if (!absl::ConsumePrefix(&line, start)) continue;
    const std::pair<absl::string_view, absl::string_view> parts =
        absl::StrSplit(line, absl::MaxSplits("} ", 1));
    double value = 0;
    if (absl::SimpleAtod(parts.second, &value)) counts[key(ParseLabels(parts.first))] += value;
  }
  return counts;
}

}  // namespace

CallCounts CallsOfService(absl::string_view metrics) {
  return Sum(metrics, "jobexec_kube_requests_total",
             [](Labels labels) { return absl::StrCat(labels["verb"], " ", labels["resource"]); });
}

CallCounts CallsOfApiServer(absl::string_view metrics) {
  return Sum(metrics, "apiserver_request_total", [](Labels labels) {
    const std::string& subresource = labels["subresource"];
    return absl::StrCat(labels["verb"], " ", labels["resource"], subresource.empty() ? "" : "/",
                        subresource);
  });
}

double CpuSecondsOf(absl::string_view metrics) {
  double seconds = 0;
  for (absl::string_view line : absl::StrSplit(metrics, '\n')) {
    if (!absl::ConsumePrefix(&line, "process_cpu_seconds_total ")) continue;
    if (absl::SimpleAtod(line, &seconds)) break;
  }
  return seconds;
}

CallCounts Difference(const CallCounts& after, const CallCounts& before) {
  CallCounts difference;
  for (const auto& [call, count] : after) {
    const auto earlier = before.find(call);
    const double change = count - (earlier == before.end() ? 0 : earlier->second);
    if (change != 0) difference[call] = change;
  }
  return difference;
}

}  // namespace jobexec::bench
