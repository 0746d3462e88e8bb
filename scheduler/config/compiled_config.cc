#include "scheduler/config/compiled_config.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "scheduler/config/event_filter.h"

namespace jobexec::scheduler {

CompiledConfig::CompiledConfig(JobConfig config)
    : config_(std::make_shared<const JobConfig>(std::move(config))) {
  Positions patterns;
  Positions paths;
  for (const Action& action : config_->actions) {
    std::vector<Filter>& filters = actions_.emplace_back();
    for (const EventFilter& filter : action.events) {
      filters.push_back(CompileFilter(filter, patterns, paths));
    }
  }
  pattern_set_ = std::make_shared<const PatternSet>(patterns_);
}

CompiledConfig::Filter CompiledConfig::CompileFilter(const EventFilter& filter, Positions& patterns,
                                                     Positions& paths) {
  const auto [pattern, pattern_is_new] = patterns.emplace(filter.type_pattern, patterns.size());
  if (pattern_is_new) CompilePattern(filter);
  Filter compiled{pattern->second, std::nullopt, &filter.match};
  if (filter.property.empty()) return compiled;
  const auto [path, path_is_new] = paths.emplace(filter.property, paths.size());
  if (path_is_new) CompilePath(filter);
  compiled.path = path->second;
  return compiled;
}

void CompiledConfig::CompilePattern(const EventFilter& filter) {
  auto pattern = CompileTypePattern(filter.type_pattern);
  if (!pattern.ok()) Warn(filter, pattern.status().message());
  patterns_.push_back(pattern.ok() ? *std::move(pattern) : nullptr);
}

void CompiledConfig::CompilePath(const EventFilter& filter) {
  auto path = CompileProperty(filter.property);
  if (!path.ok()) Warn(filter, path.status().message());
  paths_.push_back(path.ok() ? std::make_optional(*std::move(path)) : std::nullopt);
}

void CompiledConfig::Warn(const EventFilter& filter, absl::string_view message) {
  warnings_.push_back(absl::StrCat(filter.position.line, ":", filter.position.column, ": ", message,
                                   "; the event never matches"));
}

// One event against one config. Evaluates each JSONPath at most once, and only if it counts.
class Matcher {
 public:
  Matcher(const CompiledConfig& config, absl::string_view type, const nlohmann::json& document)
      : config_(config),
        document_(document),
        pattern_results_(config.pattern_set_->Search(type)),
        path_results_(config.paths_.size()) {}

  bool MatchesAction(size_t index) {
    const auto& filters = config_.actions_[index];
    return std::any_of(filters.begin(), filters.end(),
                       [this](const CompiledConfig::Filter& filter) { return Matches(filter); });
  }

 private:
  bool Matches(const CompiledConfig::Filter& filter) {
    if (!pattern_results_[filter.pattern]) return false;
    if (!filter.path.has_value()) return true;
    const std::vector<std::string>& texts = SelectedTexts(*filter.path);
    return std::find(texts.begin(), texts.end(), *filter.match) != texts.end();
  }

  const std::vector<std::string>& SelectedTexts(size_t path) {
    std::optional<std::vector<std::string>>& result = path_results_[path];
    if (!result.has_value()) result = Select(path);
    return *result;
  }

  // A path that selects too much selects nothing.
  std::vector<std::string> Select(size_t path) const {
    std::vector<std::string> texts;
    if (!config_.paths_[path].has_value()) return texts;
    const auto values = config_.paths_[path]->Select(document_);
    if (!values.ok()) return texts;
    for (const nlohmann::json* value : *values) {
      if (auto text = ComparableText(*value)) texts.push_back(*std::move(text));
    }
    return texts;
  }

  const CompiledConfig& config_;
  const nlohmann::json& document_;
  const std::vector<bool> pattern_results_;
  std::vector<std::optional<std::vector<std::string>>> path_results_;
};

bool CanMatch(absl::string_view type) {
  if (!absl::StartsWith(type, "sh.keptn.event.")) return true;
  const std::vector<absl::string_view> parts = absl::StrSplit(type, '.');
  const bool has_empty_part = std::find(parts.begin(), parts.end(), "") != parts.end();
  return parts.size() == 5 && !has_empty_part;
}

std::vector<int> MatchingActions(const CompiledConfig& config, absl::string_view type,
                                 const nlohmann::json& document) {
  std::vector<int> matching;
  if (!CanMatch(type)) return matching;
  Matcher matcher(config, type, document);
  for (size_t i = 0; i < config.config().actions.size(); ++i) {
    if (matcher.MatchesAction(i)) matching.push_back(static_cast<int>(i));
  }
  return matching;
}

}  // namespace jobexec::scheduler
