#include <algorithm>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"
#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "scheduler/config/event_filter.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

using Json = nlohmann::json;
using scheduler::Action;
using scheduler::EventFilter;

constexpr char kType[] = "sh.keptn.event.test.triggered";
constexpr size_t kMaxActions = 8;  // that are matched the slow way

const Json& Document() {
  static const auto* const kDocument = new Json(
      {{"id", "1"},
       {"type", kType},
       {"data", {{"stage", "dev"}, {"list", {1, 2.5, true, nullptr, "x"}}, {"o", {{"k", "v"}}}}}});
  return *kDocument;
}

class Lines {
 public:
  explicit Lines(absl::string_view text) : lines_(absl::StrSplit(text, '\n')) {}

  // The place just behind the end of a line counts, too.
  absl::Status RequireInside(scheduler::Position position) const {
    const auto line = static_cast<size_t>(position.line);
    const bool inside =
        position.line >= 1 && line <= lines_.size() && position.column >= 1 &&
        static_cast<size_t>(position.column) <= ToCodePoints(lines_[line - 1]).size() + 1;
    return Require(inside, "a position is inside the text");
  }

 private:
  const std::vector<absl::string_view> lines_;
};

absl::Status CheckFaults(const scheduler::ParsedConfig& parsed, const Lines& lines) {
  for (const scheduler::ConfigFault& fault : parsed.faults) {
    RETURN_IF_ERROR(RequireReadable(fault.message));
    RETURN_IF_ERROR(lines.RequireInside(fault.position));
  }
  return RequireReadable(parsed.status().message());
}

absl::Status RequireUtf8(absl::string_view text) { return Require(IsValidUtf8(text), "UTF-8"); }

absl::Status CheckParsed(const scheduler::JobConfig& config, const Lines& lines) {
  for (const Action& action : config.actions) {
    RETURN_IF_ERROR(lines.RequireInside(action.position));
    RETURN_IF_ERROR(RequireUtf8(action.name));
    for (const EventFilter& filter : action.events) {
      RETURN_IF_ERROR(lines.RequireInside(filter.position));
      RETURN_IF_ERROR(RequireUtf8(filter.match));
    }
    for (const scheduler::Task& task : action.tasks) {
      RETURN_IF_ERROR(lines.RequireInside(task.position));
      RETURN_IF_ERROR(RequireUtf8(task.image));
    }
  }
  return absl::OkStatus();
}

// Expression by expression, nothing shared.
bool WantsSlowly(const EventFilter& filter) {
  const auto pattern = scheduler::CompileTypePattern(filter.type_pattern);
  if (!pattern.ok() || !scheduler::FindsType(**pattern, kType)) return false;
  if (filter.property.empty()) return true;
  const auto path = scheduler::CompileProperty(filter.property);
  if (!path.ok()) return false;
  const auto values = path->Select(Document());
  return values.ok() && std::any_of(values->begin(), values->end(), [&](const Json* value) {
           return scheduler::ComparableText(*value) == filter.match;
         });
}

absl::Status CheckMatching(const scheduler::CompiledConfig& config) {
  const std::vector<Action>& actions = config.config().actions;
  const std::vector<int> matching = scheduler::MatchingActions(config, kType, Document());
  for (size_t i = 0; i < std::min(actions.size(), kMaxActions); ++i) {
    const bool wants = std::any_of(actions[i].events.begin(), actions[i].events.end(), WantsSlowly);
    const bool matches =
        std::find(matching.begin(), matching.end(), static_cast<int>(i)) != matching.end();
    RETURN_IF_ERROR(Require(wants == matches, "an action matches as its filters do one by one"));
  }
  return Require(std::is_sorted(matching.begin(), matching.end()), "actions match in order");
}

}  // namespace

absl::Status FuzzConfig(absl::string_view input) {
  const Lines lines(input);
  scheduler::ParsedConfig parsed = scheduler::ParseJobConfig("job/config.yaml", input);
  if (!parsed.ok()) return CheckFaults(parsed, lines);
  RETURN_IF_ERROR(CheckParsed(parsed.config, lines));
  const scheduler::CompiledConfig compiled(std::move(parsed.config));
  for (const std::string& warning : compiled.warnings()) RETURN_IF_ERROR(RequireReadable(warning));
  return CheckMatching(compiled);
}

}  // namespace jobexec::fuzz
