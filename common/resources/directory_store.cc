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

// Folders in folders; links in a circle go deeper than any real tree.
constexpr int kMaxDepth = 32;

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

  std::string EffectiveCommit(Level /*level*/, absl::string_view /*path*/,
                              absl::string_view /*commit*/) const override {
    return "";
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
    const fs::path real = fs::weakly_canonical(LevelRoot(scope, level) / std::string(path), error);
    if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot look at ", path));
    if (InStore(real)) return real;
    return absl::InvalidArgumentError(absl::StrCat(path, " is a link out of the store"));
  }

  // False also where a link cannot be followed.
  bool InStore(const fs::path& path) const {
    std::error_code error;
    const fs::path root = fs::canonical(root_, error);
    if (error) return false;
    const fs::path real = fs::weakly_canonical(path, error);
    if (error) return false;
    return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
  }

  static bool Hidden(const fs::path& path) {
    const std::string name = path.filename().string();
    return absl::StartsWith(name, "..") || name == ".git";
  }

  // Follows links to directories as well: a mounted ConfigMap with folders is made of them. Links
  // that lead nowhere or out of the store are listed, so that reading them tells what is wrong.
  absl::StatusOr<std::vector<std::string>> Walk(const fs::path& directory,
                                                absl::string_view prefix) const {
    std::vector<std::string> paths;
    size_t seen = 0;
    std::error_code error;
    fs::recursive_directory_iterator entry(directory,
                                           fs::directory_options::follow_directory_symlink, error);
    for (const fs::recursive_directory_iterator end; !error && entry != end;
         entry.increment(error)) {
      if (++seen > kMaxListedFiles || entry.depth() > kMaxDepth) return TooMuch(prefix);
      const bool is_hidden = Hidden(entry->path());
      const bool is_folder = IsFolder(*entry);
      if (is_hidden || !is_folder) entry.disable_recursion_pending();
      if (is_hidden || is_folder) continue;
      paths.push_back(
          absl::StrCat(prefix, "/", entry->path().lexically_relative(directory).string()));
    }
    // Never "not found": the directory was there a moment ago.
    if (error) {
      return absl::UnavailableError(absl::StrCat("cannot list ", prefix, ": ", error.message()));
    }
    std::sort(paths.begin(), paths.end());
    return paths;
  }

  bool IsFolder(const fs::directory_entry& entry) const {
    std::error_code error;
    if (entry.is_symlink(error) && !InStore(entry.path())) return false;
    return entry.is_directory(error);
  }

  static absl::Status TooMuch(absl::string_view prefix) {
    return absl::ResourceExhaustedError(absl::StrCat(prefix, " holds more than ", kMaxListedFiles,
                                                     " entries or ", kMaxDepth, " levels"));
  }

  const fs::path root_;
};

}  // namespace

std::unique_ptr<Store> MakeDirectoryStore(std::string root) {
  return std::make_unique<DirectoryStore>(std::move(root));
}

}  // namespace jobexec::resources
