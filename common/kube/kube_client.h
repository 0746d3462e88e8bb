// The few calls of the Kubernetes API that jobexec makes.
//
// Source: https://kubernetes.io/docs/reference/using-api/api-concepts/. Objects travel as JSON
// (nlohmann::json); callers project them to their own types at once. Retrying is the caller's: it
// knows what a repeat means.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/time.h"

namespace jobexec::kube {

// Which objects: group and version, namespace (empty: all namespaces or a cluster-wide kind),
// plural.
struct Collection {
  std::string api;         // "/apis/batch/v1", "/api/v1"
  std::string name_space;  // "" = across namespaces
  std::string plural;      // "jobs", "pods", "events", "leases"
};

Collection Jobs(absl::string_view name_space);
Collection Pods(absl::string_view name_space);
Collection Events(absl::string_view name_space);
Collection Leases(absl::string_view name_space);

struct ListOptions {
  std::string label_selector;
  std::string field_selector;
  int limit = 500;             // objects per page
  std::string continue_token;  // of the previous page
};

struct WatchOptions {
  std::string label_selector;
  std::string resource_version;  // where to start; of a list, an event or a bookmark
  absl::Duration timeout;        // the server ends the watch after this time
  absl::Duration idle_timeout;   // no byte (not even a bookmark) for this long: DEADLINE_EXCEEDED
};

struct LogOptions {
  std::string container;
  bool follow = false;                      // go on until the container ends
  bool timestamps = false;                  // each line begins with its time (RFC 3339) and a blank
  int64_t tail_lines = -1;                  // only the last ones; -1: all
  absl::Time since = absl::InfinitePast();  // only lines of this second and later
};

enum class WatchEventType { kAdded, kModified, kDeleted, kBookmark };

// Errors that every method may return, from the HTTP status and the body's metav1.Status:
//   400, 422 INVALID_ARGUMENT (422 of a JSON Patch: its test failed or the object refuses it)
//   401 UNAUTHENTICATED; 403 PERMISSION_DENIED (reason "QUOTA" if a quota refused, "TERMINATING" if
//   the namespace is being deleted); 404 NOT_FOUND; 409 ALREADY_EXISTS if a create's object exists,
//   else ABORTED (a create's too: two of them touched one quota); 410 OUT_OF_RANGE (resourceVersion
//   or continue token expired); 413 RESOURCE_EXHAUSTED with reason "TOO_LARGE"; 408, 429, 5xx and
//   3xx UNAVAILABLE, with Retry-After if the server gave it; other 4xx INVALID_ARGUMENT. An answer
//   that is no JSON object is INTERNAL, a token file that cannot be read UNAUTHENTICATED, an
//   impossible name INVALID_ARGUMENT; transport errors as in http::Client. GetReason() is the
//   metav1 reason unless said otherwise, for transport errors "NOT_SENT" where it applies. Messages
//   carry the server's text, never credentials.
// Thread-safe.
class Client {
 public:
  virtual ~Client() = default;

  // Creates the object in `body` (serialised JSON). INVALID_ARGUMENT also for a field that the
  // server does not know. Repeating it after an unknown result gives ALREADY_EXISTS if the first
  // one landed.
  virtual absl::Status Create(const Collection& collection, absl::string_view body,
                              absl::Duration timeout) = 0;

  virtual absl::StatusOr<nlohmann::json> Get(const Collection& collection, absl::string_view name,
                                             absl::Duration timeout) = 0;

  // Applies an RFC 6902 JSON Patch (an array of operations). Idempotent only as far as its own
  // tests make it so.
  virtual absl::StatusOr<nlohmann::json> Patch(const Collection& collection, absl::string_view name,
                                               const nlohmann::json& json_patch,
                                               absl::Duration timeout) = 0;

  // Deletes in the background (dependents follow) and only the object with this uid (empty: any).
  // ABORTED if the uid differs.
  virtual absl::Status Delete(const Collection& collection, absl::string_view name,
                              absl::string_view uid, absl::Duration timeout) = 0;

  // One page of a list, read with quorum (no resourceVersion).
  virtual absl::StatusOr<nlohmann::json> List(const Collection& collection,
                                              const ListOptions& options,
                                              absl::Duration timeout) = 0;

  // Replaces an object (PUT); fenced by its metadata.resourceVersion. For Leases.
  virtual absl::StatusOr<nlohmann::json> Update(const Collection& collection,
                                                absl::string_view name,
                                                const nlohmann::json& object,
                                                absl::Duration timeout) = 0;

  // Watches until the server ends it (OK: watch again from the last resourceVersion), `stop`
  // (CANCELLED), or an error. Gives each event, bookmarks included, to `on_event` on the calling
  // thread. An ERROR event or a 410 ends with OUT_OF_RANGE or its own code: list again. A line
  // above 4 MiB ends with RESOURCE_EXHAUSTED.
  virtual absl::Status Watch(
      const Collection& collection, const WatchOptions& options, const absl::Notification& stop,
      absl::FunctionRef<void(WatchEventType, const nlohmann::json& object)> on_event) = 0;

  // The log of one container as the kubelet has it, at most `limit_bytes` (> 0) of it: a longer one
  // is given as its first quarter of that and its end, cut at line ends, with a line
  // "... N bytes cut ..." between. Reading stops after 64 MiB; the end is then that of these. A
  // longer log is read twice, and a stalled one may take up to twice `timeout`.
  virtual absl::StatusOr<std::string> ReadLog(absl::string_view name_space, absl::string_view pod,
                                              absl::string_view container, int64_t limit_bytes,
                                              absl::Duration timeout) = 0;

  // Gives the log of one container to `on_data` as it comes, cut anywhere, on the calling thread,
  // which `on_data` may hold back. Ends with OK where the log ends (if followed: soon after the
  // container), CANCELLED after `stop` (looked at once a second) or when on_data returns false,
  // DEADLINE_EXCEEDED after `idle_timeout` without a byte. INVALID_ARGUMENT: the container has not
  // started.
  virtual absl::Status StreamLog(absl::string_view name_space, absl::string_view pod,
                                 const LogOptions& options, const absl::Notification& stop,
                                 absl::Duration idle_timeout,
                                 absl::FunctionRef<bool(absl::string_view)> on_data) = 0;

  // True if the API server answers /readyz.
  virtual absl::Status CheckReady(absl::Duration timeout) = 0;
};

}  // namespace jobexec::kube
