// Reading through the levels: the closest level that has a file wins.
#pragma once

#include <string>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/statusor.h"
#include "common/resources/resource_store.h"

namespace jobexec::resources {

struct Found {
  Level level = Level::kService;
  std::string content;
};

// The file `path` of the closest level that has it. Only NOT_FOUND falls through to the next level;
// any other error is returned. NOT_FOUND if no level has it.
absl::StatusOr<Found> ReadClosest(Store& store, const Scope& scope, absl::string_view path,
                                  absl::string_view commit);

// INVALID_ARGUMENT unless `entry`, less one '/' before and one after it, passes CheckPath.
absl::Status CheckEntry(absl::string_view entry);

// The files that one `files` entry of a task names, each given to `on_file` with its path below
// /keptn: the file itself, or, for a directory or an entry that ends in '/', every file below it on
// any level, the closest level's version of each. What a store lists but does not have at `commit`
// is left out. A leading '/' is dropped. NOT_FOUND names the entry that exists on no level; errors
// of `on_file` end the work.
absl::Status ReadEntry(
    Store& store, const Scope& scope, absl::string_view entry, absl::string_view commit,
    absl::FunctionRef<absl::Status(const std::string& path, const std::string& content)> on_file);

}  // namespace jobexec::resources
