#include "tests/support/keptn/resource_history.h"

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/status_macros.h"
#include "tests/support/keptn/ids.h"

namespace jobexec::test_keptn {
namespace {

constexpr char kProjectBranch[] = "master";
constexpr char kStageDirectories[] = ".keptn-stages/";
constexpr size_t kMaxFileBytes = 4 * 1024 * 1024;

absl::Status ToError(ResourceHistory::Trouble trouble) {
  switch (trouble) {
    case ResourceHistory::Trouble::kNone:
      return absl::OkStatus();
    case ResourceHistory::Trouble::kNoCredentials:
      return absl::NotFoundError("Could not find credentials for upstream repository");
    case ResourceHistory::Trouble::kNoUpstream:
      return absl::NotFoundError("Upstream repository not found");
    case ResourceHistory::Trouble::kBadToken:
      return absl::FailedPreconditionError("Invalid git token");
  }
  return absl::OkStatus();
}

bool HasDirectory(const Files& tree, const std::string& directory) {
  const auto first = tree.lower_bound(directory);
  return directory.empty() || (first != tree.end() && absl::StartsWith(first->first, directory));
}

}  // namespace

std::string ResourceHistory::BranchOf(const Place& place) const {
  const bool own = !place.stage.empty() && layout_ == Layout::kBranches;
  return own ? place.stage : kProjectBranch;
}

std::string ResourceHistory::DirectoryOf(const Place& place) const {
  std::string directory;
  if (!place.stage.empty() && layout_ == Layout::kDirectories) {
    directory = absl::StrCat(kStageDirectories, place.stage, "/");
  }
  if (!place.service.empty()) absl::StrAppend(&directory, place.service, "/");
  return directory;
}

const ResourceHistory::Revision* ResourceHistory::NewestOf(const Project& project,
                                                           const std::string& branch, bool cloned) {
  const auto found = std::find_if(
      project.history.rbegin(), project.history.rend(),
      [&](const Revision& each) { return each.branch == branch && (each.in_clone || !cloned); });
  return found == project.history.rend() ? nullptr : &*found;
}

const ResourceHistory::Revision* ResourceHistory::Resolve(const Project& project,
                                                          const std::string& revision) {
  constexpr size_t kShortest = 4;
  for (const Revision& each : project.history) {
    if (each.in_clone && revision.size() >= kShortest && absl::StartsWith(each.id, revision)) {
      return &each;
    }
  }
  return NewestOf(project, revision, true);
}

std::string ResourceHistory::AppendLocked(const std::string& name, const std::string& branch,
                                          Files tree, bool in_clone) {
  Project& project = projects_[name];
  std::string id =
      Sha1Hex(absl::StrCat(name, "\n", branch, "\n", project.history.size(), "\n", RandomUuid()));
  project.history.push_back({.id = id,
                             .branch = branch,
                             .tree = std::make_shared<const Files>(std::move(tree)),
                             .in_clone = in_clone});
  return id;
}

void ResourceHistory::AddProject(const std::string& project,
                                 const std::vector<std::string>& stages) {
  absl::MutexLock lock(&mutex_);
  if (!projects_.contains(project)) AppendLocked(project, kProjectBranch, {}, true);
  for (const std::string& stage : stages) AddStageLocked(project, stage);
}

// A new stage begins as a branch of what the project has.
void ResourceHistory::AddStageLocked(const std::string& project, const std::string& stage) {
  const Place place{.project = project, .stage = stage};
  const Files master = *NewestOf(projects_[project], kProjectBranch, false)->tree;
  if (layout_ == Layout::kBranches) {
    if (NewestOf(projects_[project], stage, false) == nullptr) {
      AppendLocked(project, stage, master, true);
    }
  } else if (!HasDirectory(master, DirectoryOf(place))) {
    Files tree = master;
    tree[DirectoryOf(place) + "metadata.yaml"] = "stagename: " + stage + "\n";
    AppendLocked(project, kProjectBranch, std::move(tree), true);
  }
}

void ResourceHistory::AddService(const std::string& project, const std::string& stage,
                                 const std::string& service) {
  AddProject(project, {stage});
  absl::MutexLock lock(&mutex_);
  AddServiceLocked({.project = project, .stage = stage, .service = service});
}

void ResourceHistory::AddServiceLocked(const Place& place) {
  const Revision* newest = NewestOf(projects_[place.project], BranchOf(place), false);
  if (HasDirectory(*newest->tree, DirectoryOf(place))) return;
  Files tree = *newest->tree;
  tree[DirectoryOf(place) + "metadata.yaml"] = "servicename: " + place.service + "\n";
  AppendLocked(place.project, BranchOf(place), std::move(tree), true);
}

std::string ResourceHistory::Commit(const Place& place,
                                    const std::map<std::string, std::optional<std::string>>& files,
                                    bool upstream_only) {
  AddProject(place.project, place.stage.empty() ? std::vector<std::string>()
                                                : std::vector<std::string>{place.stage});
  absl::MutexLock lock(&mutex_);
  if (!place.service.empty()) AddServiceLocked(place);
  Files tree = *NewestOf(projects_[place.project], BranchOf(place), false)->tree;
  for (const auto& [path, content] : files) {
    const std::string full = DirectoryOf(place) + path;
    if (content.has_value()) {
      tree[full] = *content;
    } else {
      tree.erase(full);
    }
  }
  return AppendLocked(place.project, BranchOf(place), std::move(tree), !upstream_only);
}

absl::Status ResourceHistory::Load(const std::string& directory) {
  std::error_code error;
  if (!std::filesystem::is_directory(directory, error)) {
    return absl::NotFoundError(absl::StrCat("no such directory: ", directory));
  }
  std::map<std::pair<std::string, std::string>, Files> branches;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory, error)) {
    if (!entry.is_regular_file()) continue;
    const auto relative = entry.path().lexically_relative(directory);
    if (std::distance(relative.begin(), relative.end()) < 3) continue;
    const std::string project = relative.begin()->string();
    const std::string branch = std::next(relative.begin())->string();
    ASSIGN_OR_RETURN(const std::string text, ReadFile(entry.path().string(), kMaxFileBytes));
    branches[{project, branch}][relative.lexically_relative(std::filesystem::path(project) / branch)
                                    .generic_string()] = text;
  }
  for (const auto& [key, files] : branches) {
    const std::string stage = key.second == kProjectBranch ? "" : key.second;
    std::map<std::string, std::optional<std::string>> changes(files.begin(), files.end());
    Commit({.project = key.first, .stage = stage}, changes);
  }
  return absl::OkStatus();
}

void ResourceHistory::SetTrouble(const std::string& project, Trouble trouble) {
  absl::MutexLock lock(&mutex_);
  projects_[project].trouble = trouble;
}

std::string ResourceHistory::LatestCommit(const std::string& project,
                                          const std::string& stage) const {
  absl::MutexLock lock(&mutex_);
  const auto found = projects_.find(project);
  if (found == projects_.end()) return "";
  const Revision* newest =
      NewestOf(found->second, BranchOf({.project = project, .stage = stage}), false);
  return newest == nullptr ? "" : newest->id;
}

absl::StatusOr<ResourceHistory::Project*> ResourceHistory::EnterLocked(const Place& place) {
  const auto found = projects_.find(place.project);
  if (found == projects_.end()) return absl::NotFoundError("Project not found");
  Project& project = found->second;
  RETURN_IF_ERROR(ToError(project.trouble));
  const Revision* newest = NewestOf(project, BranchOf(place), true);
  const Place stage{.project = place.project, .stage = place.stage};
  if (newest == nullptr || !HasDirectory(*newest->tree, DirectoryOf(stage))) {
    return absl::NotFoundError("Stage not found");
  }
  if (!HasDirectory(*newest->tree, DirectoryOf(place))) {
    return absl::NotFoundError("Service not found");
  }
  return &project;
}

absl::StatusOr<ResourceHistory::Content> ResourceHistory::Read(const Place& place,
                                                               const std::string& path,
                                                               const std::string& revision) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Project* const project, EnterLocked(place));
  std::string full = DirectoryOf(place) + path;
  if (revision.empty()) {
    for (Revision& each : project->history) each.in_clone = true;
    // A file system does not mind a second slash; a Git tree does.
    full =
        DirectoryOf(place) + std::string(path, std::min(path.find_first_not_of('/'), path.size()));
  }
  const Revision* at =
      revision.empty() ? NewestOf(*project, BranchOf(place), true) : Resolve(*project, revision);
  if (at == nullptr) return absl::InternalError("Internal server error");
  const auto file = at->tree->find(full);
  if (file == at->tree->end()) return absl::NotFoundError("Resource not found");
  return Content{.text = file->second, .version = revision.empty() ? at->id : revision};
}

absl::StatusOr<ResourceHistory::Listing> ResourceHistory::List(const Place& place) {
  absl::MutexLock lock(&mutex_);
  ASSIGN_OR_RETURN(Project* const project, EnterLocked(place));
  const Revision* newest = NewestOf(*project, BranchOf(place), true);
  const std::string directory = DirectoryOf(place);
  Listing listing{.version = newest->id};
  for (const auto& [path, content] : *newest->tree) {
    if (!absl::StartsWith(path, directory)) continue;
    const std::string below = path.substr(directory.size());
    const bool hidden =
        absl::StrContains(path, ".git") || absl::StartsWith(below, kStageDirectories);
    if (!hidden) listing.paths.push_back("/" + below);
  }
  return listing;
}

absl::StatusOr<std::string> ResourceHistory::Write(
    const Place& place, const std::map<std::string, std::optional<std::string>>& files) {
  {
    absl::MutexLock lock(&mutex_);
    RETURN_IF_ERROR(EnterLocked(place).status());
  }
  return Commit(place, files);
}

}  // namespace jobexec::test_keptn
