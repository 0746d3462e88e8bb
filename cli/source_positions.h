// Where a value of a job/config.yaml stands in the file.
#pragma once

#include <string>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduler/config/job_config.h"
#include "scheduler/config/yaml_document.h"

namespace jobexec::cli {

// The way to a value: Path() / "actions" / 0 / "name".
class Path {
 public:
  using Step = std::variant<std::string, size_t>;

  const std::vector<Step>& steps() const { return steps_; }

  Path operator/(absl::string_view key) const { return With(std::string(key)); }
  Path operator/(size_t index) const { return With(index); }

 private:
  Path With(Step step) const {
    Path longer = *this;
    longer.steps_.push_back(std::move(step));
    return longer;
  }

  std::vector<Step> steps_;
};

class SourcePositions {
 public:
  explicit SourcePositions(absl::string_view content);

  // Of the value at `path`, or of the closest value around it that is there. Merge keys and aliases
  // lead to where the value is written.
  scheduler::Position Of(const Path& path) const;

 private:
  scheduler::YamlNodePtr root_;
};

}  // namespace jobexec::cli
