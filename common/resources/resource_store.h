// The configuration store: files of a project, on three levels.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::resources {

// Where a file may lie. The closest level wins: service, then stage, then project.
struct Scope {
  std::string project;
  std::string stage;
  std::string service;
};

enum class Level { kService, kStage, kProject };

// From the closest level to the widest: the order of every look-up.
inline constexpr std::array kLevels = {Level::kService, Level::kStage, Level::kProject};

// Limits of one file, one path and one listing.
inline constexpr size_t kMaxFileBytes = 16 * 1024 * 1024;
inline constexpr size_t kMaxPathBytes = 1024;
inline constexpr size_t kMaxListedFiles = 10'000;

// "service", "stage" or "project", for messages.
absl::string_view LevelName(Level level);

// INVALID_ARGUMENT unless `path` is '/'-separated, relative and free of empty, "." and ".."
// segments.
absl::Status CheckPath(absl::string_view path);

// INVALID_ARGUMENT unless each name is set and can be one path segment.
absl::Status CheckScope(const Scope& scope);

// Thread-safe. Implementations never return a path that leaves the level they were asked for.
class Store {
 public:
  virtual ~Store() = default;

  // Content of the file `path` ('/'-separated, relative, normalised) on exactly this level, at
  // `commit` (empty: newest). NOT_FOUND only if the store answered that there is no such file,
  // project, stage or service; RESOURCE_EXHAUSTED larger than 16 MiB; INVALID_ARGUMENT the path or
  // a scope name is not allowed; UNAVAILABLE the store could not be read (try again, never "not
  // found").
  virtual absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                           absl::string_view commit) = 0;

  // Paths of all files below the directory `path` on exactly this level, sorted, relative to the
  // level's root. NOT_FOUND if there is none. At most 10,000 (else RESOURCE_EXHAUSTED). A store
  // that cannot list an old commit lists the newest: reading what `commit` does not have is
  // NOT_FOUND.
  virtual absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                        absl::string_view path,
                                                        absl::string_view commit) = 0;

  // The commit whose content Read gives when asked for `commit`: empty where the store reads the
  // newest whatever it is asked for. Pure.
  virtual std::string EffectiveCommit(Level /*level*/, absl::string_view /*path*/,
                                      absl::string_view commit) const {
    return std::string(commit);
  }

  // OK if the store can be read now.
  virtual absl::Status CheckReady() const = 0;
};

}  // namespace jobexec::resources
