#include "intake/condition.h"

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/telemetry/log.h"

namespace jobexec::intake {
namespace {

// Payloads (such as how long to wait) do not make it another state.
bool Same(const absl::Status& a, const absl::Status& b) {
  return a.code() == b.code() && a.message() == b.message();
}

}  // namespace

void Condition::Set(const absl::Status& status) {
  {
    absl::MutexLock lock(&mutex_);
    if (Same(status_, status)) return;
    status_ = status;
  }
  if (status.ok()) {
    log::Info(absl::StrCat(subject_, " works"));
  } else {
    log::Warning(absl::StrCat(subject_, " does not work"),
                 {{"error", std::string(status.message())}});
  }
}

absl::Status Condition::Get() const {
  absl::MutexLock lock(&mutex_);
  return Annotate(status_, subject_);
}

}  // namespace jobexec::intake
