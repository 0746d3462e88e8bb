#include "intake/filter.h"

#include "absl/strings/str_cat.h"

namespace jobexec::intake {

absl::Status CheckSize(const cloudevents::Event& event) {
  const size_t bytes = event.ByteSizeLong();
  if (bytes <= kMaxEventBytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the event has ", bytes, " bytes when encoded, at most ", kMaxEventBytes,
                   " are allowed: put large data elsewhere and send a reference"));
}

}  // namespace jobexec::intake
