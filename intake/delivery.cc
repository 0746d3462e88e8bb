#include "intake/delivery.h"

#include <optional>

namespace jobexec::intake {

bool IsOldByItsTime(const cloudevents::Event& event, absl::Time now) {
  const std::optional<absl::Time> time = cloudevents::EventTime(event);
  return time.has_value() && now - *time > kOldAge;
}

}  // namespace jobexec::intake
