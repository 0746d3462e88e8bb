// What it costs to find the actions of a config of 1000 that want an event. README.md explains the
// shapes.
#include <benchmark/benchmark.h>

#include <nlohmann/json.hpp>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "scheduler/config/compiled_config.h"

namespace jobexec::bench {
namespace {

using scheduler::EventFilter;

constexpr int kActions = 1000;
constexpr char kType[] = "sh.keptn.event.infrastructure.triggered";

// As Keptn sends it, with a check per action and a list in its data.
nlohmann::json Document() {
  nlohmann::json data = {{"project", "shop"},
                         {"stage", "dev"},
                         {"service", "cart"},
                         {"labels", {{"build", "42"}, {"owner", "team-a"}}},
                         {"deployment", {{"urls", {"http://cart.shop-dev:8080"}}}}};
  for (int i = 0; i < 10; ++i) {
    data["parts"].push_back({{"name", absl::StrCat("part-", i)}, {"state", "ready"}});
  }
  for (int i = 0; i < kActions; ++i) {
    data["checks"][absl::StrCat("check-", i)] = {{"state", "due"}};
  }
  return {{"id", "f2b878d3-03c0-4e8f-bc3f-454bc1b3d79d"},
          {"source", "shipyard-controller"},
          {"type", kType},
          {"specversion", "1.0"},
          {"shkeptncontext", "08735340-6f9e-4b32-97ff-3b6c292bc509"},
          {"data", data}};
}

EventFilter Shared(int /*action*/) {
  return {.type_pattern = "sh.keptn.event.infrastructure.triggered",
          .property = "$.data.stage",
          .match = "dev"};
}

EventFilter OwnPattern(int action) {
  return {.type_pattern =
              absl::StrCat("sh\\.keptn\\.event\\.(infrastructure|task-", action, ")\\.triggered$")};
}

EventFilter OwnPath(int action) {
  return {.type_pattern = "sh.keptn.event.infrastructure.triggered",
          .property = absl::StrCat("$.data.checks['check-", action, "'].state"),
          .match = "due"};
}

EventFilter OwnPatternAndPath(int action) {
  return {.type_pattern = OwnPattern(action).type_pattern,
          .property = absl::StrCat("$.data.checks['check-", action, "'].state"),
          .match = "due"};
}

EventFilter OwnPatternAndFilterQuery(int action) {
  return {.type_pattern = OwnPattern(action).type_pattern,
          .property = absl::StrCat("$.data.parts[?@.name == 'part-", action, "'].state"),
          .match = "ready"};
}

scheduler::CompiledConfig Compile(EventFilter (*filter)(int action)) {
  scheduler::JobConfig config;
  for (int i = 0; i < kActions; ++i) config.actions.push_back({.events = {filter(i)}});
  return scheduler::CompiledConfig(std::move(config));
}

// Every pattern fits the type and every path finds a value: nothing is left out.
void Match(benchmark::State& state, EventFilter (*filter)(int action)) {
  const scheduler::CompiledConfig compiled = Compile(filter);
  const nlohmann::json document = Document();
  size_t matching = 0;
  for (auto _ : state) {
    matching = scheduler::MatchingActions(compiled, kType, document).size();
    benchmark::DoNotOptimize(matching);
  }
  state.counters["matching"] = static_cast<double>(matching);
}

// As Match, but no event has a type that was there before.
void MatchNewType(benchmark::State& state, EventFilter (*filter)(int action)) {
  const scheduler::CompiledConfig compiled = Compile(filter);
  const nlohmann::json document = Document();
  int events = 0;
  for (auto _ : state) {
    const std::string type = absl::StrCat("com.example.", ++events, ".", kType);
    benchmark::DoNotOptimize(scheduler::MatchingActions(compiled, type, document).size());
  }
}

// What a config costs once per content.
void CompileConfig(benchmark::State& state, EventFilter (*filter)(int action)) {
  for (auto _ : state) benchmark::DoNotOptimize(Compile(filter).warnings().size());
}

BENCHMARK_CAPTURE(Match, shared, Shared)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Match, own_pattern, OwnPattern)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Match, own_path, OwnPath)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Match, own_pattern_and_path, OwnPatternAndPath)->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(Match, own_pattern_and_filter_query, OwnPatternAndFilterQuery)
    ->Unit(benchmark::kMicrosecond);

BENCHMARK_CAPTURE(MatchNewType, own_pattern_and_path, OwnPatternAndPath)
    ->Unit(benchmark::kMicrosecond);
BENCHMARK_CAPTURE(CompileConfig, own_pattern_and_path, OwnPatternAndPath)
    ->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace jobexec::bench
