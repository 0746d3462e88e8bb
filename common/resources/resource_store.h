// The configuration store: files of a project, on three levels.
#pragma once

#include <string>
#include <vector>

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

// "service", "stage" or "project", for messages.
absl::string_view LevelName(Level level);

// Thread-safe. Implementations never return a path that leaves the level they were asked for.
class Store {
 public:
  virtual ~Store() = default;

  // Content of the file `path` ('/'-separated, relative, normalised) on exactly this level, at
  // `commit` (empty: newest). NOT_FOUND only if the store answered that there is no such file, project,
  // stage or service; RESOURCE_EXHAUSTED larger than 16 MiB; INVALID_ARGUMENT the path or a scope name
  // is not allowed; UNAVAILABLE the store could not be read (try again, never "not found").
  virtual absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                           absl::string_view commit) = 0;

  // Paths of all files below the directory `path` on exactly this level, sorted, relative to the
  // level's root. NOT_FOUND if there is none. At most 10,000 (else RESOURCE_EXHAUSTED).
  virtual absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                        absl::string_view path,
                                                        absl::string_view commit) = 0;

  // OK if the store can be read now.
  virtual absl::Status CheckReady() = 0;
};

}  // namespace jobexec::resources
