#include "common/resources/resource_store.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"

namespace jobexec::resources {

absl::string_view LevelName(Level level) {
  switch (level) {
    case Level::kService:
      return "service";
    case Level::kStage:
      return "stage";
    case Level::kProject:
      return "project";
  }
  return "";
}

absl::Status CheckPath(absl::string_view path) {
  if (path.size() > kMaxPathBytes) {
    return absl::InvalidArgumentError(
        absl::StrCat("a path of ", path.size(), " bytes is longer than ", kMaxPathBytes));
  }
  for (absl::string_view segment : absl::StrSplit(path, '/')) {
    if (segment.empty() || segment == "." || segment == "..") {
      return absl::InvalidArgumentError(
          absl::StrCat("path \"", path,
                       "\" is not a relative path without empty, \".\" or \"..\" "
                       "segments"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckScope(const Scope& scope) {
  for (absl::string_view name : {scope.project, scope.stage, scope.service}) {
    if (name.empty() || name[0] == '.' || name.find('/') != absl::string_view::npos) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", name,
                       "\" is not a name of a project, stage or service: expected a "
                       "text without \"/\" that does not start with \".\""));
    }
  }
  return absl::OkStatus();
}

}  // namespace jobexec::resources
