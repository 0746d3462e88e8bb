// Attribute values in HTTP headers (binary content mode).
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace jobexec::cloudevents {

// The attribute that a ce- header carries: surrounding blanks go, a value in double quotes is
// unquoted with its backslash escapes (as senders of older specifications write it), then %xy
// becomes the byte. A "%" without two hex digits stays, since not every sender encodes it.
// INVALID_ARGUMENT if the result is not UTF-8, or a quoted value does not end.
absl::StatusOr<std::string> DecodeHeaderValue(absl::string_view value);

}  // namespace jobexec::cloudevents
