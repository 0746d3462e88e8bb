#include "common/kube/token_source.h"

#include "absl/status/status.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "common/base/file.h"

namespace jobexec::kube {
namespace {

constexpr absl::Duration kMaxAge = absl::Seconds(60);
constexpr size_t kMaxTokenBytes = 64 * 1024;

}  // namespace

absl::StatusOr<std::string> TokenSource::Get() {
  absl::MutexLock lock(&mutex_);
  if (!file_.empty() && clock_.Elapsed() - read_at_ > kMaxAge) {
    const absl::Status read = ReadLocked();
    if (!read.ok() && token_.empty()) return read;
  }
  return token_;
}

bool TokenSource::Replaces(const std::string& used) {
  absl::MutexLock lock(&mutex_);
  if (file_.empty() || !ReadLocked().ok()) return false;
  return token_ != used;
}

absl::Status TokenSource::ReadLocked() {
  const auto content = ReadFile(file_, kMaxTokenBytes);
  if (!content.ok()) {
    return absl::UnauthenticatedError(
        absl::StrCat("cannot read the API server's token: ", content.status().message()));
  }
  const absl::string_view token = absl::StripAsciiWhitespace(*content);
  if (token.empty()) {
    return absl::UnauthenticatedError(absl::StrCat("the token file ", file_, " is empty"));
  }
  token_ = std::string(token);
  read_at_ = clock_.Elapsed();
  return absl::OkStatus();
}

}  // namespace jobexec::kube
