// Grants: what the init container of one Job may fetch, signed by the scheduler.
//
// A grant is "<payload>.<signature>", both base64url; the payload is JSON, the signature is
// HMAC-SHA-256 over it. Whoever holds a grant may read exactly the files it names until it expires.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/resources/resource_store.h"

namespace jobexec::scheduler {

struct Grant {
  resources::Scope scope;
  std::string commit;
  std::vector<std::string> files;  // entries of the task's `files`
  std::string job;                 // "namespace/name", for logs
  absl::Time expiry;               // whole seconds
};

// Thread-safe.
class GrantSigner {
 public:
  // All schedulers of an installation share `key`.
  explicit GrantSigner(std::string key) : key_(std::move(key)) {}

  std::string Sign(const Grant& grant) const;

  // UNAUTHENTICATED if the text is no grant, was not signed with this key, or expired before `now`.
  absl::StatusOr<Grant> Verify(absl::string_view text, absl::Time now) const;

 private:
  const std::string key_;
};

// The serialised Job `body` with every grant in it replaced by a word: grants are secrets.
std::string WithoutGrant(const std::string& body);

}  // namespace jobexec::scheduler
