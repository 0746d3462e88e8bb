#include "common/resources/lookup.h"

#include <map>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"

namespace jobexec::resources {
namespace {

absl::Status NotOnAnyLevel(absl::string_view what, const Scope& scope) {
  return absl::NotFoundError(absl::StrCat(what, " is on no level (service ", scope.service,
                                          ", stage ", scope.stage, ", project ", scope.project,
                                          ")"));
}

// Each path below the directory with the levels that list it, the closest first.
using Merged = std::map<std::string, std::vector<Level>>;

absl::StatusOr<Merged> ListMerged(Store& store, const Scope& scope, absl::string_view path,
                                  absl::string_view commit) {
  Merged merged;
  for (Level level : kLevels) {
    auto paths = store.List(scope, level, path, commit);
    if (absl::IsNotFound(paths.status())) continue;
    RETURN_IF_ERROR(paths.status());
    for (const std::string& found : *paths) merged[found].push_back(level);
  }
  if (merged.size() > kMaxListedFiles) {
    return absl::ResourceExhaustedError(
        absl::StrCat(path, " holds more than ", kMaxListedFiles, " files"));
  }
  return merged;
}

// The content of a listed file; NOT_FOUND if no level that lists it has it at `commit`.
absl::StatusOr<std::string> ReadListed(Store& store, const Scope& scope, const std::string& path,
                                       const std::vector<Level>& levels, absl::string_view commit) {
  absl::StatusOr<std::string> content;
  for (const Level level : levels) {
    content = store.Read(scope, level, path, commit);
    if (!absl::IsNotFound(content.status())) break;
  }
  return content;
}

// False if there is no such directory, or no file of it at `commit`.
absl::StatusOr<bool> ReadDirectory(
    Store& store, const Scope& scope, absl::string_view path, absl::string_view commit,
    absl::FunctionRef<absl::Status(const std::string& path, const std::string& content)> on_file) {
  ASSIGN_OR_RETURN(const Merged merged, ListMerged(store, scope, path, commit));
  bool found = false;
  for (const auto& [name, levels] : merged) {
    const auto content = ReadListed(store, scope, name, levels, commit);
    if (absl::IsNotFound(content.status())) continue;
    RETURN_IF_ERROR(content.status());
    RETURN_IF_ERROR(on_file(name, *content));
    found = true;
  }
  return found;
}

}  // namespace

absl::StatusOr<Found> ReadClosest(Store& store, const Scope& scope, absl::string_view path,
                                  absl::string_view commit) {
  for (Level level : kLevels) {
    auto content = store.Read(scope, level, path, commit);
    if (content.ok()) return Found{level, *std::move(content)};
    if (!absl::IsNotFound(content.status())) {
      return Annotate(content.status(), absl::StrCat(path, " on ", LevelName(level), " level"));
    }
  }
  return NotOnAnyLevel(path, scope);
}

absl::Status CheckEntry(absl::string_view entry) {
  absl::ConsumePrefix(&entry, "/");
  absl::ConsumeSuffix(&entry, "/");
  return CheckPath(entry);
}

absl::Status ReadEntry(
    Store& store, const Scope& scope, absl::string_view entry, absl::string_view commit,
    absl::FunctionRef<absl::Status(const std::string& path, const std::string& content)> on_file) {
  RETURN_IF_ERROR(CheckEntry(entry));
  absl::string_view path = absl::StripPrefix(entry, "/");
  const bool directory_only = absl::ConsumeSuffix(&path, "/");
  if (!directory_only) {
    const auto file = ReadClosest(store, scope, path, commit);
    if (file.ok()) return on_file(std::string(path), file->content);
    if (!absl::IsNotFound(file.status())) return file.status();
  }
  ASSIGN_OR_RETURN(const bool found, ReadDirectory(store, scope, path, commit, on_file));
  if (found) return absl::OkStatus();
  return NotOnAnyLevel(absl::StrCat("file or directory \"", entry, "\""), scope);
}

}  // namespace jobexec::resources
