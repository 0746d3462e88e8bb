// Keptn's services as a test says, without a network.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "common/keptn/api.h"
#include "common/keptn/api_error.h"

namespace jobexec::reporter::testing {

// What Keptn answers with this status.
inline absl::Status KeptnError(int status) {
  return keptn::ResponseError("call",
                              {.status = status, .body = R"({"code":1,"message":"because"})"});
}

// Thread-safe, but for `script`.
class ScriptedApi final : public keptn::Api {
 public:
  // Body of a 200, or the error.
  using Script = std::function<absl::StatusOr<std::string>(const keptn::Call&)>;

  explicit ScriptedApi(Script answer) : script(std::move(answer)) {}

  absl::StatusOr<keptn::Answer> Send(const keptn::Call& call) override {
    {
      absl::MutexLock lock(&mutex_);
      calls_.push_back(call);
    }
    absl::StatusOr<std::string> body = script(call);
    if (!body.ok()) return body.status();
    return keptn::Answer{.body = *std::move(body)};
  }

  absl::Status CheckReachable() const override { return absl::OkStatus(); }

  std::vector<keptn::Call> calls() const {
    absl::MutexLock lock(&mutex_);
    return calls_;
  }

  // Calls whose path begins so.
  int Count(absl::string_view path) const {
    int count = 0;
    for (const keptn::Call& call : calls()) count += call.path.rfind(std::string(path), 0) == 0;
    return count;
  }

  Script script;

 private:
  mutable absl::Mutex mutex_;
  std::vector<keptn::Call> calls_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::reporter::testing
