// SecurityContexts of Kubernetes in JSON, read as Go reads them: field names without case.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::scheduler {

// Both return an object with the names as Kubernetes spells them. Unknown fields are dropped, null
// is absent. INVALID_ARGUMENT for anything but an object or null, and names the field that has the
// wrong type.
absl::StatusOr<nlohmann::json> ReadContainerContext(const nlohmann::json& value);
absl::StatusOr<nlohmann::json> ReadPodContext(const nlohmann::json& value);

}  // namespace jobexec::scheduler
