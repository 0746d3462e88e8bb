#include "initcontainer/file_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"
#include "common/resources/resource_store.h"

namespace jobexec::initcontainer {
namespace {

constexpr mode_t kFolderMode = 0755;
constexpr mode_t kFileMode = 0644;
constexpr mode_t kScriptMode = 0755;

// What errno says about `path`.
absl::Status Fault(absl::string_view what, absl::string_view path) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the volume is full while writing ", path, ": raise volumeSize of the task"));
  }
  return absl::ErrnoToStatus(errno, absl::StrCat(what, " ", path));
}

// Opens the folder `name` of `parent`, making it first if it is not there. The descriptor, or -1
// with errno.
int OpenFolder(int parent, const std::string& name) {
  if (mkdirat(parent, name.c_str(), kFolderMode) != 0 && errno != EEXIST) return -1;
  return openat(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

// Makes `name` of `folder` anew. A link of that name is removed, never written through.
int MakeFile(int folder, const std::string& name) {
  if (unlinkat(folder, name.c_str(), 0) != 0 && errno != ENOENT) return -1;
  return openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
}

}  // namespace

FileWriter::~FileWriter() {
  if (file_ >= 0) close(file_);
}

absl::Status FileWriter::Begin(absl::string_view path, bool executable) {
  RETURN_IF_ERROR(resources::CheckPath(path));
  if (file_ >= 0) close(std::exchange(file_, -1));
  path_ = absl::StrCat(root_, "/", path);
  int folder = open(root_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (folder < 0) return Fault("cannot open", root_);
  const absl::Cleanup close_folder = [&folder] { close(folder); };

  std::vector<std::string> segments = absl::StrSplit(path, '/');
  const std::string name = std::move(segments.back());
  segments.pop_back();
  for (const std::string& segment : segments) {
    const int next = OpenFolder(folder, segment);
    if (next < 0) return Fault(absl::StrCat("cannot make folder \"", segment, "\" of"), path_);
    close(std::exchange(folder, next));
  }
  file_ = MakeFile(folder, name);
  if (file_ < 0) return Fault("cannot make", path_);
  // Not by open: that would depend on the umask.
  if (fchmod(file_, executable ? kScriptMode : kFileMode) != 0) {
    return Fault("cannot set the mode of", path_);
  }
  return absl::OkStatus();
}

absl::Status FileWriter::Append(absl::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return Fault("cannot write", path_);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return absl::OkStatus();
}

}  // namespace jobexec::initcontainer
