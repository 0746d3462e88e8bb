// The state of something that intake depends on, as /readyz and the log tell it.
#pragma once

#include <string>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/synchronization/mutex.h"

namespace jobexec::intake {

// Said after every try, logged only when it changes. Thread-safe.
class Condition {
 public:
  // `subject` is what people read, e.g. "registration with Keptn". Nothing is logged yet.
  Condition(absl::string_view subject, absl::Status initial)
      : subject_(subject), status_(std::move(initial)) {}

  void Set(const absl::Status& status);

  // The last one said, with the subject before its message.
  absl::Status Get() const;

 private:
  const std::string subject_;
  mutable absl::Mutex mutex_;
  absl::Status status_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace jobexec::intake
