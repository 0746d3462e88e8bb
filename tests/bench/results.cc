#include "tests/bench/results.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_format.h"
#include "tests/bench/statistics.h"

namespace jobexec::bench {
namespace {

using OrderedJson = nlohmann::ordered_json;

// Calls rarer than this are not about the events: leases, node heartbeats.
constexpr double kRareCallsPerEvent = 0.02;

template <typename Rounds, typename Value>
std::vector<double> Values(const Rounds& rounds, Value value) {
  std::vector<double> values;
  values.reserve(rounds.size());
  for (const auto& round : rounds) values.push_back(value(round));
  return values;
}

template <typename Rounds>
std::vector<double> Rates(const PartResult& part, const Rounds& rounds) {
  return Values(rounds, [&](const auto& round) { return part.events / round.seconds; });
}

const std::vector<CeilingRound>& BestCeiling(const PartResult& part) {
  return part.ceilings.at(part.best_in_flight);
}

// Those with the fewest events in a request, whose details are shown.
const std::vector<BurstRound>& Bursts(const PartResult& part) {
  return part.bursts.begin()->second;
}

double Ratio(const PartResult& part, const std::vector<BurstRound>& bursts) {
  return Median(Rates(part, bursts)) / Median(Rates(part, BestCeiling(part)));
}

double RateOf(const PartResult& part, const std::vector<double>& seconds) {
  const double median = Median(seconds);
  return median == 0 ? 0 : part.events / median;
}

// Both only in the part that answers, else 0: rate until the last Job succeeded, and until the
// reporter's last patch was done.
double SucceededRate(const PartResult& part) {
  return RateOf(part, Values(BestCeiling(part), [](auto& r) { return r.seconds_succeeded; }));
}
double SettledRate(const PartResult& part) {
  return RateOf(part, Values(Bursts(part), [](auto& r) { return r.seconds_settled; }));
}

std::string Spread(const std::vector<double>& values) {
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return absl::StrFormat("%7.1f  (%.0f to %.0f)", Median(values), *low, *high);
}

double MedianPercentile(const PartResult& part, std::vector<double> BurstRound::*samples,
                        double percent) {
  return Median(Values(
      Bursts(part), [&](const BurstRound& round) { return Percentile(round.*samples, percent); }));
}

// Medians over the bursts of one service's figures.
template <typename Value>
double MedianOf(const PartResult& part, const std::string& service, Value value) {
  return Median(Values(Bursts(part),
                       [&](const BurstRound& round) { return value(round.services.at(service)); }));
}

CallCounts PerEvent(const PartResult& part, const CallCounts& calls) {
  CallCounts per_event;
  for (const auto& [call, count] : calls) {
    if (count / part.events >= kRareCallsPerEvent) per_event[call] = count / part.events;
  }
  return per_event;
}

std::string FormatCalls(const CallCounts& calls) {
  std::string text;
  for (const auto& [call, count] : calls) text += absl::StrFormat("%6.2f %s\n", count, call);
  return text;
}

std::string FormatRates(const PartResult& part) {
  std::string text = absl::StrFormat("%-34s%s\n", "events per second", " median  (range)");
  for (const auto& [in_flight, rounds] : part.ceilings) {
    text += absl::StrFormat("  ceiling, %2d in flight%s %s\n", in_flight,
                            in_flight == part.best_in_flight ? "   <- best" : "          ",
                            Spread(Rates(part, rounds)));
  }
  for (const auto& [batch, bursts] : part.bursts) {
    text += absl::StrFormat("  jobexec, %2d connections x %2d      %s\n", part.connections, batch,
                            Spread(Rates(part, bursts)));
    text += absl::StrFormat("    ratio to the best ceiling      %7.2f\n", Ratio(part, bursts));
  }
  if (Bursts(part).front().finished_ms.empty()) return text;
  text += absl::StrFormat("  best ceiling until all succeeded  %7.1f\n", SucceededRate(part));
  text += absl::StrFormat("  jobexec until its last patch     %7.1f\n", SettledRate(part));
  return text;
}

std::string FormatLatencies(const PartResult& part) {
  std::string text = absl::StrFormat("  POST to 202:       p50 %8.1f ms   p99 %8.1f ms\n",
                                     MedianPercentile(part, &BurstRound::accepted_ms, 50),
                                     MedianPercentile(part, &BurstRound::accepted_ms, 99));
  if (Bursts(part).front().finished_ms.empty()) return text;
  return text + absl::StrFormat("  POST to .finished: p50 %8.1f ms   p99 %8.1f ms\n",
                                MedianPercentile(part, &BurstRound::finished_ms, 50),
                                MedianPercentile(part, &BurstRound::finished_ms, 99));
}

std::string FormatServices(const PartResult& part) {
  std::string text = "service     idle MB   peak MB   CPU s   CPU ms/event\n";
  for (const auto& [name, unused] : Bursts(part).front().services) {
    const double cpu =
        MedianOf(part, name, [](const ServiceRound& round) { return round.cpu_seconds; });
    text += absl::StrFormat(
        "  %-10s%7.1f   %7.1f  %6.2f   %12.3f\n", name,
        MedianOf(part, name, [](const ServiceRound& round) { return round.idle.resident_mb; }),
        MedianOf(part, name, [](const ServiceRound& round) { return round.end.peak_resident_mb; }),
        cpu, cpu * 1000 / part.events);
  }
  return text;
}

// What else there is to know to trust the figures.
std::string FormatSurroundings(const PartResult& part) {
  const auto row = [&](absl::string_view name, auto value) {
    return absl::StrFormat("  %-36s%8.2f  %12.2f\n", name, Median(Values(Bursts(part), value)),
                           Median(Values(BestCeiling(part), value)));
  };
  const double ms = 1000.0 / part.events;
  return absl::StrFormat("%-38s%8s  %12s\n", "beside it", "bursts", "best ceiling") +
         row("API server, CPU ms/event", [ms](auto& r) { return r.server_cpu_seconds * ms; }) +
         row("benchmark itself, CPU ms/event",
             [ms](auto& r) { return r.client_cpu_seconds * ms; }) +
         row("cores busy just before", [](auto& r) { return r.background_cores; });
}

std::string FormatAllCalls(const PartResult& part) {
  const BurstRound& last = Bursts(part).back();
  std::string text;
  for (const auto& [name, service] : last.services) {
    const CallCounts calls = PerEvent(part, service.calls);
    if (calls.empty()) continue;
    text += absl::StrFormat("calls of the Kubernetes API per event, by %s\n%s", name,
                            FormatCalls(calls));
  }
  return text +
         "calls that the API server counted per event, of all clients with the controllers\n" +
         FormatCalls(PerEvent(part, last.api_server));
}

OrderedJson ToJson(const PartResult& part) {
  OrderedJson json;
  json["name"] = part.name;
  json["events"] = part.events;
  json["connections"] = part.connections;
  for (const auto& [in_flight, rounds] : part.ceilings) {
    json["ceiling_per_second"][std::to_string(in_flight)] = Rates(part, rounds);
  }
  json["best_in_flight"] = part.best_in_flight;
  for (const auto& [batch, bursts] : part.bursts) {
    json["per_second"][std::to_string(batch)] = Rates(part, bursts);
    json["ratio"][std::to_string(batch)] = Ratio(part, bursts);
  }
  json["ceiling_succeeded_per_second"] = SucceededRate(part);
  json["settled_per_second"] = SettledRate(part);
  json["accepted_ms"] = {{"p50", MedianPercentile(part, &BurstRound::accepted_ms, 50)},
                         {"p99", MedianPercentile(part, &BurstRound::accepted_ms, 99)}};
  json["finished_ms"] = {{"p50", MedianPercentile(part, &BurstRound::finished_ms, 50)},
                         {"p99", MedianPercentile(part, &BurstRound::finished_ms, 99)}};
  for (const auto& [name, service] : Bursts(part).back().services) {
    const auto median = [&, n = name](auto value) { return MedianOf(part, n, value); };
    json["services"][name] = {
        {"idle_mb", median([](const ServiceRound& r) { return r.idle.resident_mb; })},
        {"end_mb", median([](const ServiceRound& r) { return r.end.resident_mb; })},
        {"peak_mb", median([](const ServiceRound& r) { return r.end.peak_resident_mb; })},
        {"cpu_seconds", median([](const ServiceRound& r) { return r.cpu_seconds; })},
        {"calls_per_event", PerEvent(part, service.calls)}};
  }
  json["api_server_calls_per_event"] = PerEvent(part, Bursts(part).back().api_server);
  json["background_cores"] = {
      {"bursts", Values(Bursts(part), [](const auto& r) { return r.background_cores; })},
      {"best_ceiling",
       Values(BestCeiling(part), [](const auto& r) { return r.background_cores; })}};
  return json;
}

}  // namespace

std::string FormatTable(const PartResult& part) {
  return absl::StrFormat("\n%s: %d events, medians of %d rounds\n", part.name, part.events,
                         Bursts(part).size()) +
         FormatRates(part) + FormatLatencies(part) + FormatServices(part) +
         FormatSurroundings(part) + FormatAllCalls(part);
}

std::string FormatJson(const std::vector<PartResult>& parts) {
  OrderedJson json = OrderedJson::array();
  for (const PartResult& part : parts) json.push_back(ToJson(part));
  return OrderedJson{{"benchmark", "create"}, {"parts", json}}.dump();
}

}  // namespace jobexec::bench
