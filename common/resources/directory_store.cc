#include "common/resources/directory_store.h"

#include <algorithm>
#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/base/status_macros.h"

namespace jobexec::resources {
namespace {

namespace fs = std::filesystem;

class DirectoryStore final : public Store {
 public:
  explicit DirectoryStore(std::string root) : root_(std::move(root)) {}

  absl::StatusOr<std::string> Read(const Scope& scope, Level level, absl::string_view path,
                                   absl::string_view /*commit*/) override {
    ASSIGN_OR_RETURN(const fs::path file, Locate(scope, level, path));
    return ReadFile(file.string(), kMaxFileBytes);
  }

  absl::StatusOr<std::vector<std::string>> List(const Scope& scope, Level level,
                                                absl::string_view path,
                                                absl::string_view /*commit*/) override {
    ASSIGN_OR_RETURN(const fs::path directory, Locate(scope, level, path));
    std::error_code error;
    if (!fs::is_directory(directory, error)) {
      return absl::NotFoundError(absl::StrCat(path, ": no such directory"));
    }
    return Walk(directory, path);
  }

  absl::Status CheckReady() const override {
    std::error_code error;
    if (fs::is_directory(root_, error)) return absl::OkStatus();
    return absl::UnavailableError(absl::StrCat(root_.string(), " is not a directory"));
  }

 private:
  fs::path LevelRoot(const Scope& scope, Level level) const {
    fs::path path = root_ / scope.project;
    if (level != Level::kProject) path /= scope.stage;
    if (level == Level::kService) path /= scope.service;
    return path;
  }

  // Where the path lies, after a check that no link leads out of the root.
  absl::StatusOr<fs::path> Locate(const Scope& scope, Level level, absl::string_view path) const {
    RETURN_IF_ERROR(CheckScope(scope));
    RETURN_IF_ERROR(CheckPath(path));
    // A store that is not there at all is an outage, never "no such file".
    RETURN_IF_ERROR(CheckReady());
    std::error_code error;
    const fs::path real_root = fs::canonical(root_, error);
    const fs::path real = fs::weakly_canonical(LevelRoot(scope, level) / std::string(path), error);
    if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot look at ", path));
    const auto [end, unused] =
        std::mismatch(real_root.begin(), real_root.end(), real.begin(), real.end());
    if (end == real_root.end()) return real;
    return absl::InvalidArgumentError(absl::StrCat(path, " is a link out of the store"));
  }

  static bool Hidden(const fs::path& path) {
    const std::string name = path.filename().string();
    return absl::StartsWith(name, "..") || name == ".git";
  }

  static absl::StatusOr<std::vector<std::string>> Walk(const fs::path& directory,
                                                       absl::string_view prefix) {
    std::vector<std::string> paths;
    std::error_code error;
    for (fs::recursive_directory_iterator entry(directory, error), end; entry != end && !error;
         entry.increment(error)) {
      if (Hidden(entry->path())) {
        entry.disable_recursion_pending();
        continue;
      }
      if (!entry->is_regular_file(error)) continue;
      if (paths.size() >= kMaxListedFiles) {
        return absl::ResourceExhaustedError(
            absl::StrCat(prefix, " holds more than ", kMaxListedFiles, " files"));
      }
      paths.push_back(
          absl::StrCat(prefix, "/", entry->path().lexically_relative(directory).string()));
    }
    if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot list ", prefix));
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  const fs::path root_;
};

}  // namespace

std::unique_ptr<Store> MakeDirectoryStore(std::string root) {
  return std::make_unique<DirectoryStore>(std::move(root));
}

}  // namespace jobexec::resources
