// Access tokens by OAuth 2.0 client credentials (RFC 6749, section 4.4).
#pragma once

#include <cstdint>
#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/base/clock.h"
#include "common/http/http_client.h"
#include "common/keptn/settings.h"

namespace jobexec::keptn {

// Keeps one token: fetched at the first use, again when four fifths of its life are over, and when
// Keptn refuses it. One fetch at a time however many ask; while the old token lives nobody but the
// one who fetches waits. Thread-safe.
class OAuthTokens {
 public:
  // The references must outlive this.
  OAuthTokens(const OAuthSettings& settings, http::Client& http, Clock& clock)
      : settings_(settings), http_(http), clock_(clock) {}

  // The token to use now. A fetch ends within `timeout`; who waits for another's fetch shares its
  // result. Errors: UNAUTHENTICATED the server refuses our credentials or scopes; UNAVAILABLE it
  // cannot be used, or its answer holds no token; FAILED_PRECONDITION its certificate is not
  // trusted; DEADLINE_EXCEEDED. Of what the server says messages hold its error code alone.
  absl::StatusOr<std::string> Get(absl::Duration timeout);

  // Keptn refused `token`: the next Get fetches, unless there is another one by now.
  void Drop(const std::string& token);

 private:
  struct Token {
    std::string text;
    absl::Duration lifetime;
  };
  // Servers take the client's credentials in one of two ways; which, is found out.
  enum class Style { kUnknown, kHeader, kBody };

  bool IsAliveLocked() const ABSL_SHARED_LOCKS_REQUIRED(mutex_);
  void KeepLocked(const absl::StatusOr<Token>& fetched) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  absl::StatusOr<Token> Fetch(absl::Duration deadline, Style& style);
  absl::StatusOr<std::string> TokenUrl(absl::Duration deadline);
  absl::StatusOr<Token> Ask(const std::string& url, Style style, absl::Duration deadline);
  absl::StatusOr<http::Response> Send(const http::Request& request, absl::Duration deadline);

  const OAuthSettings& settings_;
  http::Client& http_;
  Clock& clock_;
  mutable absl::Mutex mutex_;
  Style style_ ABSL_GUARDED_BY(mutex_) = Style::kUnknown;  // that the server took last
  bool fetching_ ABSL_GUARDED_BY(mutex_) = false;
  int64_t fetches_ ABSL_GUARDED_BY(mutex_) = 0;               // that ended
  absl::StatusOr<std::string> last_ ABSL_GUARDED_BY(mutex_);  // what the last fetch gave
  std::string token_ ABSL_GUARDED_BY(mutex_);                 // empty: none
  // On Clock::Elapsed.
  absl::Duration renew_at_ ABSL_GUARDED_BY(mutex_);
  absl::Duration expires_at_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::keptn
