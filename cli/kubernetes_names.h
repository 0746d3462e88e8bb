// What Kubernetes takes for a name. Pure.
#pragma once

#include "absl/strings/string_view.h"

namespace jobexec::cli {

// RFC 1123 label, at most 63: namespaces.
bool IsDnsLabel(absl::string_view text);

// Labels with dots between, at most 253: service accounts, Secrets, priority classes.
bool IsDnsSubdomain(absl::string_view text);

// Letters, digits, '_', '-' and '.', not a digit first, not "." nor beginning with "..".
bool IsVariableName(absl::string_view text);

// "[host[:port]/]path[:tag][@digest]", as container registries define it.
bool IsImageReference(absl::string_view text);

}  // namespace jobexec::cli
