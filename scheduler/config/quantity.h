// Quantities of Kubernetes: "500m", "1.5Gi", "2e3".
//
// Source: k8s.io/apimachinery/pkg/api/resource, format <number><suffix>.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::scheduler {

// The one spelling that Kubernetes prints for the amount: no fraction, the largest suffix that
// keeps it exact, the family of suffixes as in `text` (0.5 -> 500m, 1.5Gi -> 1536Mi, 1000e3 ->
// 1e6). What is finer than one nano is rounded away from zero; with a binary suffix amounts end at
// 2^63-1. INVALID_ARGUMENT says what is wrong: no number, an unknown suffix, 2^63 or more, over 64
// characters.
absl::StatusOr<std::string> CanonicalQuantity(absl::string_view text);

// Below, at or above zero as `left` is less than, equal to or more than `right`. Errors as above.
absl::StatusOr<int> CompareQuantities(absl::string_view left, absl::string_view right);

}  // namespace jobexec::scheduler
