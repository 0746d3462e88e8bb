// A job/config.yaml ready for matching: every expression compiled once.
#pragma once

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "common/json/jsonpath.h"
#include "scheduler/config/job_config.h"
#include "scheduler/config/pattern_set.h"

namespace jobexec::scheduler {

// Immutable: shared by threads without a lock.
class CompiledConfig {
 public:
  explicit CompiledConfig(JobConfig config);

  const JobConfig& config() const { return *config_; }

  // Expressions that do not compile, "<line>:<column>: <what and why>" each. They never match.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  friend class Matcher;

  // One EventFilter by the positions of its expressions.
  struct Filter {
    size_t pattern;
    std::optional<size_t> path;  // none: only the type counts
    const std::string* match;
  };
  using Positions = absl::flat_hash_map<std::string, size_t>;

  Filter CompileFilter(const EventFilter& filter, Positions& patterns, Positions& paths);
  void CompilePattern(const EventFilter& filter);
  void CompilePath(const EventFilter& filter);
  void Warn(const EventFilter& filter, absl::string_view message);

  std::shared_ptr<const JobConfig> config_;  // filters point into it, so it must not move
  std::vector<std::vector<Filter>> actions_;
  // Each expression once, however many filters have it; empty if it does not compile.
  PatternSet::Patterns patterns_;
  std::shared_ptr<const PatternSet> pattern_set_;  // of patterns_
  std::vector<std::optional<json::JsonPath>> paths_;
  std::vector<std::string> warnings_;
};

// False for types of Keptn's own that are no task events ("sh.keptn.event." with other than five
// parts): they match nothing and get no answer.
bool CanMatch(absl::string_view type);

// Positions in the file of the actions that want the event, in the order of the file: those with a
// filter whose pattern is found anywhere in `type`, and whose JSONPath, if it has one, selects a
// string, number or boolean from `document` (cloudevents::ToDocument) whose text is `match`.
// None if !CanMatch(type).
std::vector<int> MatchingActions(const CompiledConfig& config, absl::string_view type,
                                 const nlohmann::json& document);

}  // namespace jobexec::scheduler
