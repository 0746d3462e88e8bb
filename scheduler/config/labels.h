// The rules of Kubernetes for labels and annotations, and ours: jobexec.dev/ belongs to jobexec.
#pragma once

#include <map>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace jobexec::scheduler {

// "[<domain>/]<name>": the domain as in DNS, at most 253 characters; the name at most 63 of
// [-A-Za-z0-9_.] that begin and end with a letter or digit.
// All functions: INVALID_ARGUMENT names the key or value and the rule.
absl::Status CheckMetadataKey(absl::string_view key);

// At most 63 characters as in names, or none.
absl::Status CheckLabelValue(absl::string_view value);

absl::Status CheckLabels(const std::map<std::string, std::string>& labels);

// Only the keys: values are free.
absl::Status CheckAnnotations(const std::map<std::string, std::string>& annotations);

}  // namespace jobexec::scheduler
