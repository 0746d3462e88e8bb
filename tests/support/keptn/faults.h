// Faults that tests inject into HTTP calls.
#pragma once

#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "common/http/http_message.h"

namespace jobexec::test_keptn {

struct Fault {
  enum class Effect {
    kNone,       // only the delay
    kStatus,     // answered with `status`, not processed
    kCut,        // not processed, the connection is cut
    kLoseReply,  // processed, then the connection is cut
  };

  // Which calls: all that are set must fit.
  std::string method;
  std::string path;  // of the target as sent, without query; '*' is any text
  std::string body;  // a part of the body
  Effect effect = Effect::kStatus;
  int status = 503;
  std::string retry_after;  // header of the answer, if set
  absl::Duration delay;     // before anything else
  int times = 1;            // this many calls; 0: until removed
};

// Thread-safe.
class Faults {
 public:
  // Returns a number for Remove. Of several that fit a call, the oldest is taken.
  int Add(const Fault& fault);
  void Remove(int id);
  void Clear();

  // The fault of this call, if any; counts it.
  std::optional<Fault> Take(const http::Request& request);

  // What is left, with "id".
  std::vector<nlohmann::json> List() const;

 private:
  mutable absl::Mutex mutex_;
  int last_id_ ABSL_GUARDED_BY(mutex_) = 0;
  std::map<int, Fault> faults_ ABSL_GUARDED_BY(mutex_);
};

// True if `text` is `pattern`, whose '*' stand for any text.
bool FitsPattern(absl::string_view pattern, absl::string_view text);

// {"method","path","body","effect":"none|status|cut|loseReply","status","retryAfter","delayMs",
// "times"}, all optional. INVALID_ARGUMENT: another effect.
absl::StatusOr<Fault> FaultFromJson(const nlohmann::json& from);
nlohmann::json ToJson(const Fault& fault);

}  // namespace jobexec::test_keptn
