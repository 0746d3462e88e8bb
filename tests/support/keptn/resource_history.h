// The Git repositories behind Keptn's resource-service, in memory: a branch for each stage (and
// "master" for the project), each commit a whole tree. The service reads from its own clone, which
// knows only what was pulled or written through it.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace jobexec::test_keptn {

// Where a file belongs. Without a stage: the project level; without a service: the stage level.
struct Place {
  std::string project;
  std::string stage;
  std::string service;
};

using Files = std::map<std::string, std::string>;  // path -> content

// Thread-safe. Errors carry the texts of the original: NOT_FOUND "Project not found", "Stage not
// found", "Service not found", "Resource not found", and for a broken project "Upstream repository
// not found" or "Could not find credentials for upstream repository"; FAILED_PRECONDITION "Invalid
// git token"; INTERNAL "Internal server error", a revision that the clone does not know.
class ResourceHistory {
 public:
  enum class Layout {
    kBranches,     // a branch for each stage
    kDirectories,  // DIRECTORY_STAGE_STRUCTURE: .keptn-stages/<stage>/ on the one branch
  };
  enum class Trouble { kNone, kNoCredentials, kNoUpstream, kBadToken };

  struct Content {
    std::string text;
    std::string version;  // the commit it was read at, or what was asked for
  };

  explicit ResourceHistory(Layout layout = Layout::kBranches) : layout_(layout) {}

  // The project, with these stages. Adding it again adds stages.
  void AddProject(const std::string& project, const std::vector<std::string>& stages);
  // Makes the service's directory on a stage.
  void AddService(const std::string& project, const std::string& stage, const std::string& service);

  // Writes files at a place, whose project, stage and service are made if need be. Returns the
  // commit, 40 hex digits. A null content deletes. With `upstream_only` somebody else pushed it:
  // the clone does not know it before the next pull.
  std::string Commit(const Place& place,
                     const std::map<std::string, std::optional<std::string>>& files,
                     bool upstream_only = false);
  std::string CommitFile(const Place& place, const std::string& path, const std::string& content) {
    return Commit(place, {{path, content}});
  }

  // Reads DIRECTORY/<project>/<branch>/...; the branch "master" is the project level, every other
  // one a stage. NOT_FOUND if there is no such directory.
  absl::Status Load(const std::string& directory);

  // Every request about the project fails from now on.
  void SetTrouble(const std::string& project, Trouble trouble);

  // The newest commit upstream of a stage; of the project if `stage` is empty. Empty if unknown.
  std::string LatestCommit(const std::string& project, const std::string& stage) const;

  // One file. With a `revision` (a commit, the beginning of one, or a branch) from the clone as it
  // is; without one the clone is pulled first.
  absl::StatusOr<Content> Read(const Place& place, const std::string& path,
                               const std::string& revision);
  // The paths below a place in the clone as it is, and the version.
  struct Listing {
    std::vector<std::string> paths;
    std::string version;
  };
  absl::StatusOr<Listing> List(const Place& place);

  // As Commit, but the place must exist.
  absl::StatusOr<std::string> Write(const Place& place,
                                    const std::map<std::string, std::optional<std::string>>& files);

 private:
  struct Revision {
    std::string id;
    std::string branch;
    std::shared_ptr<const Files> tree;
    bool in_clone = true;
  };
  struct Project {
    std::vector<Revision> history;  // oldest first
    Trouble trouble = Trouble::kNone;
  };

  std::string BranchOf(const Place& place) const;
  std::string DirectoryOf(const Place& place) const;
  // The newest one of a branch; of the clone if `cloned`. Null if there is none.
  static const Revision* NewestOf(const Project& project, const std::string& branch, bool cloned);
  static const Revision* Resolve(const Project& project, const std::string& revision);
  std::string AppendLocked(const std::string& name, const std::string& branch, Files tree,
                           bool in_clone) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddStageLocked(const std::string& project, const std::string& stage)
      ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  void AddServiceLocked(const Place& place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // The project, if stage and service exist in the clone.
  absl::StatusOr<Project*> EnterLocked(const Place& place) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const Layout layout_;
  mutable absl::Mutex mutex_;
  std::map<std::string, Project> projects_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::test_keptn
