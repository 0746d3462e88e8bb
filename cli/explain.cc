#include "cli/explain.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "common/json/json.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/event_filter.h"
#include "scheduler/jobs/env_builder.h"

namespace jobexec::cli {
namespace {

using scheduler::Action;
using scheduler::EventFilter;
using scheduler::JobConfig;
using scheduler::Position;
using scheduler::Shown;
using scheduler::Task;
using Json = nlohmann::json;

constexpr size_t kMaxShownValues = 10;

// One test of an entry and what came of it.
struct Verdict {
  bool holds = false;
  std::string text;
};

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", Shown(text), "\""); }

std::string ShownValue(const Json& value) {
  if (value.is_object()) return "an object";
  if (value.is_array()) return "a list";
  return value.is_string() ? Quoted(value.get_ref<const std::string&>()) : json::Dump(value);
}

std::string ShownValues(const std::vector<const Json*>& values) {
  if (values.empty()) return "nothing";
  std::vector<std::string> shown;
  for (const Json* value : values) {
    if (shown.size() == kMaxShownValues) break;
    shown.push_back(ShownValue(*value));
  }
  const size_t more = values.size() - shown.size();
  return absl::StrCat(absl::StrJoin(shown, ", "),
                      more == 0 ? "" : absl::StrCat(" and ", more, " more"));
}

Verdict JudgeType(const EventFilter& filter, absl::string_view type) {
  const auto pattern = scheduler::CompileTypePattern(filter.type_pattern);
  if (!pattern.ok()) return {false, std::string(pattern.status().message())};
  const bool found = scheduler::FindsType(**pattern, type);
  return {found, absl::StrCat("name ", Quoted(filter.type_pattern), " is ", found ? "" : "not ",
                              "found in the type")};
}

// What the comparison of the selected values with `match` came to.
std::string Comparison(const std::vector<const Json*>& values, bool any_equal, bool any_text) {
  if (values.empty()) return "there is nothing to compare with match ";
  if (any_equal) return "equal to match ";
  return any_text ? "not equal to match "
                  : "but only texts, numbers, true and false are compared with match ";
}

Verdict JudgeProperty(const EventFilter& filter, const Json& document) {
  const auto path = scheduler::CompileProperty(filter.property);
  if (!path.ok()) return {false, std::string(path.status().message())};
  const auto values = path->Select(document);
  const std::string selects = absl::StrCat("jsonpath ", Quoted(filter.property), " selects ");
  if (!values.ok()) return {false, absl::StrCat(selects, "too much: ", values.status().message())};
  bool any_equal = false;
  bool any_text = false;
  for (const Json* value : *values) {
    const auto text = scheduler::ComparableText(*value);
    any_text = any_text || text.has_value();
    any_equal = any_equal || text == filter.match;
  }
  return {any_equal, absl::StrCat(selects, ShownValues(*values), ", ",
                                  Comparison(*values, any_equal, any_text), Quoted(filter.match))};
}

std::vector<Verdict> JudgeEntry(const EventFilter& filter, const scheduler::EventInput& input) {
  std::vector<Verdict> verdicts = {JudgeType(filter, input.facts.type)};
  if (!filter.property.empty()) verdicts.push_back(JudgeProperty(filter, input.document));
  return verdicts;
}

bool AllHold(const std::vector<Verdict>& verdicts) {
  return std::all_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& verdict) { return verdict.holds; });
}

// Every variable of the task that this event gives no value, not only the first.
std::vector<std::string> EnvFaults(const Task& task, const scheduler::EventInput& input) {
  std::vector<std::string> faults;
  for (const scheduler::EnvVariable& variable : task.env) {
    Task alone;
    alone.env = {variable};
    const auto env = scheduler::BuildEnv(alone, input.facts, input.document);
    if (!env.ok()) {
      faults.push_back(absl::StrCat("line ", variable.position.line, ": ", env.status().message()));
    }
  }
  return faults;
}

// Writes the explanation. Refers to the caller's objects.
class Explainer {
 public:
  Explainer(const Simulation& simulation, const JobConfig& config, const std::string& file_name,
            const Colours& colours)
      : simulation_(simulation), config_(config), file_name_(file_name), colours_(colours) {}

  std::string Write() {
    WriteEvent();
    for (size_t i = 0; i < config_.actions.size(); ++i) WriteAction(static_cast<int>(i));
    WriteSummary();
    return std::move(text_);
  }

 private:
  template <typename... Parts>
  void Line(const Parts&... parts) {
    absl::StrAppend(&text_, parts..., "\n");
  }

  std::string Place(Position position) const {
    return absl::StrCat(file_name_, ":", position.line, ":", position.column);
  }

  void WriteEvent() {
    const runs::EventFacts& facts = simulation_.input.facts;
    Line(colours_.Bold(absl::StrCat("Event ", Shown(facts.type))), " of project ",
         Quoted(facts.project), ", stage ", Quoted(facts.stage), ", service ",
         Quoted(facts.service));
  }

  void WriteAction(int index) {
    const Action& action = config_.actions[index];
    const auto& matching = simulation_.matching;
    const auto match = std::find(matching.begin(), matching.end(), index);
    const bool matches = match != matching.end();
    Line("\n", colours_.Bold(absl::StrCat("Action ", Quoted(action.name))),
         action.silent ? ", silent" : "", " (", Place(action.position),
         "): ", matches ? colours_.Green("matches") : colours_.Red("does not match"));
    if (action.events.empty()) Line("  it has no events");
    for (const EventFilter& filter : action.events) WriteEntry(filter);
    if (matches) WriteRun(action, static_cast<size_t>(match - matching.begin()));
  }

  void WriteEntry(const EventFilter& filter) {
    const std::vector<Verdict> verdicts = JudgeEntry(filter, simulation_.input);
    Line("  event in line ", filter.position.line, AllHold(verdicts) ? " fits:" : " does not fit:");
    for (const Verdict& verdict : verdicts) {
      Line("    ", verdict.holds ? colours_.Green("yes") : colours_.Red("no "), " ", verdict.text);
    }
  }

  // What the action runs, or why it does not. `match` counts the matching actions.
  void WriteRun(const Action& action, size_t match) {
    std::string refusal = RefusalOf(match);
    for (const runs::ManifestEntry& entry : simulation_.plan.manifest) {
      if (static_cast<size_t>(entry.action) != match) continue;
      if (!entry.refusal.empty()) refusal = entry.refusal;
      if (!entry.job.empty()) {
        Line("  task ", Quoted(entry.task_name), ": Job ", entry.name_space, "/", entry.job);
      }
    }
    if (action.tasks.empty()) Line("  it has no tasks and passes at once");
    if (!refusal.empty()) Line("  ", colours_.Red("does not run"), ": ", refusal);
    for (const Task& task : action.tasks) WriteEnvFaults(task);
  }

  // A refusal of the whole event has one line per matching action, unless it is about all of them.
  std::string RefusalOf(size_t match) const {
    if (!simulation_.plan.refusal.has_value()) return "";
    const std::string& message = simulation_.plan.refusal->message;
    const std::vector<std::string> lines = absl::StrSplit(message, '\n');
    return lines.size() == simulation_.matching.size() ? lines[match] : message;
  }

  void WriteEnvFaults(const Task& task) {
    for (const std::string& fault : EnvFaults(task, simulation_.input)) {
      Line("  task ", Quoted(task.name), ", variable in ", fault);
    }
  }

  void WriteSummary() {
    if (!simulation_.ignored_reason.empty()) {
      return Line("\nThe event is ignored: ", simulation_.ignored_reason);
    }
    const auto& manifest = simulation_.plan.manifest;
    const auto jobs = std::count_if(manifest.begin(), manifest.end(),
                                    [](const auto& entry) { return !entry.job.empty(); });
    Line("\n", simulation_.matching.size(), " of ", config_.actions.size(),
         config_.actions.size() == 1 ? " action matches" : " actions match", ", ", jobs,
         jobs == 1 ? " Job runs" : " Jobs run");
  }

  const Simulation& simulation_;
  const JobConfig& config_;
  const std::string& file_name_;
  const Colours& colours_;
  std::string text_;
};

}  // namespace

std::string Explain(const Simulation& simulation, const JobConfig& config,
                    const std::string& file_name, const Colours& colours) {
  return Explainer(simulation, config, file_name, colours).Write();
}

}  // namespace jobexec::cli
