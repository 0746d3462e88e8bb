// The bearer token that goes with each request.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace jobexec::kube {

// Thread-safe.
class TokenSource {
 public:
  // `file`, if not empty, is read at the first use and again when that is more than 60 s ago
  // (Kubernetes replaces the tokens of pods); else `token` is used, which may be empty for none.
  // `clock` must outlive this.
  TokenSource(std::string token, std::string file, Clock& clock)
      : file_(std::move(file)), clock_(clock), token_(std::move(token)) {}

  // The token to use now, "" for none. While the file cannot be read the last token is used;
  // UNAUTHENTICATED if there never was one.
  absl::StatusOr<std::string> Get();

  // Reads the file at once, because the API server refused `used`. True if there is another token
  // now.
  bool Replaces(const std::string& used);

 private:
  absl::Status ReadLocked() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  const std::string file_;
  Clock& clock_;
  absl::Mutex mutex_;
  std::string token_ ABSL_GUARDED_BY(mutex_);
  absl::Duration read_at_ ABSL_GUARDED_BY(mutex_) = -absl::InfiniteDuration();
};

}  // namespace jobexec::kube
