#include "cli/input.h"

#include <cerrno>
#include <cstring>
#include <fstream>
#include <istream>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace jobexec::cli {
namespace {

absl::StatusOr<std::string> ReadStream(std::istream& stream, size_t max_bytes) {
  // One byte more than is allowed tells whether there is more.
  std::string content(max_bytes + 1, '\0');
  errno = 0;
  stream.read(content.data(), static_cast<std::streamsize>(content.size()));
  if (stream.bad()) {
    return absl::UnavailableError(errno == 0 ? "it cannot be read" : std::strerror(errno));
  }
  content.resize(static_cast<size_t>(stream.gcount()));
  if (content.size() <= max_bytes) return content;
  return absl::ResourceExhaustedError(
      absl::StrCat("it has more than the allowed ", max_bytes, " bytes"));
}

}  // namespace

absl::StatusOr<std::string> ReadInput(const std::string& path, size_t max_bytes,
                                      const Console& console) {
  if (path == "-") return ReadStream(console.in, max_bytes);
  errno = 0;
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(errno == 0 ? "it cannot be opened" : std::strerror(errno));
  return ReadStream(file, max_bytes);
}

std::string InputName(const std::string& path) { return path == "-" ? "<stdin>" : path; }

}  // namespace jobexec::cli
