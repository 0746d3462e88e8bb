#include "common/base/file.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace jobexec {
namespace {

constexpr size_t kReadBytes = 64 * 1024;

}  // namespace

absl::StatusOr<std::string> ReadFile(absl::string_view path, size_t max_bytes) {
  const std::string name(path);
  std::error_code error;
  const auto status = std::filesystem::status(name, error);
  if (!std::filesystem::exists(status)) {
    if (error && error != std::errc::no_such_file_or_directory &&
        error != std::errc::not_a_directory) {
      return absl::ErrnoToStatus(error.value(), absl::StrCat("cannot look at ", name));
    }
    return absl::NotFoundError(absl::StrCat(name, ": no such file"));
  }
  if (!std::filesystem::is_regular_file(status)) {
    return absl::NotFoundError(absl::StrCat(name, ": not a regular file"));
  }
  std::ifstream stream(name, std::ios::binary);
  if (!stream) return absl::ErrnoToStatus(errno, absl::StrCat("cannot open ", name));
  // The size is only a hint: files below /proc have none, and a file may grow while it is read.
  const auto size = std::filesystem::file_size(name, error);
  std::string content;
  size_t wanted = std::min<size_t>(error ? 0 : size, max_bytes) + 1;
  while (stream && content.size() <= max_bytes) {
    const size_t have = content.size();
    content.resize(have + wanted);
    stream.read(&content[have], static_cast<std::streamsize>(wanted));
    content.resize(have + static_cast<size_t>(stream.gcount()));
    wanted = std::min(kReadBytes, max_bytes + 1 - std::min(max_bytes, content.size()));
  }
  if (stream.bad()) return absl::UnavailableError(absl::StrCat("cannot read ", name));
  if (content.size() > max_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat(name, " is larger than the limit of ", max_bytes, " bytes"));
  }
  return content;
}

}  // namespace jobexec
