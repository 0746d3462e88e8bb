#include "initcontainer/file_writer.h"

#include <cerrno>
#include <filesystem>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/resources/resource_store.h"

namespace jobexec::initcontainer {
namespace {

namespace fs = std::filesystem;

absl::Status WriteError(const std::string& file) {
  if (errno == ENOSPC || errno == EDQUOT) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the volume is full while writing ", file, ": raise volumeSize of the task"));
  }
  return absl::ErrnoToStatus(errno, absl::StrCat("cannot write ", file));
}

absl::Status Write(const std::string& file, std::ios::openmode mode, absl::string_view bytes) {
  errno = 0;
  std::ofstream stream(file, std::ios::binary | mode);
  stream.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  stream.close();
  return stream ? absl::OkStatus() : WriteError(file);
}

}  // namespace

absl::Status FileWriter::Begin(absl::string_view path, bool executable) {
  RETURN_IF_ERROR(resources::CheckPath(path));
  const fs::path file = fs::path(root_) / std::string(path);
  std::error_code error;
  fs::create_directories(file.parent_path(), error);
  if (error) {
    return absl::ErrnoToStatus(error.value(),
                               absl::StrCat("cannot make folder ", file.parent_path().string()));
  }
  file_ = file.string();
  RETURN_IF_ERROR(Write(file_, std::ios::trunc, ""));
  using fs::perms;
  const perms mode =
      perms::owner_read | perms::owner_write | perms::group_read | perms::others_read;
  const perms exec = perms::owner_exec | perms::group_exec | perms::others_exec;
  fs::permissions(file, executable ? mode | exec : mode, error);
  if (error) return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot set mode of ", file_));
  return absl::OkStatus();
}

absl::Status FileWriter::Append(absl::string_view bytes) {
  return Write(file_, std::ios::app, bytes);
}

}  // namespace jobexec::initcontainer
