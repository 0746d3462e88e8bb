// Text for URLs.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::http {

// `text` as a path segment or a query value: all but RFC 3986's unreserved characters (ASCII
// letters, digits and "-._~") percent-encoded.
std::string Escape(absl::string_view text);

}  // namespace jobexec::http
