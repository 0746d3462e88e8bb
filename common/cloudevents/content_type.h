// What a Content-Type or datacontenttype text says about the data.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec::cloudevents {

// Type and subtype in lower case, without parameters: "application/json" of "Application/JSON;
// charset=utf-8".
std::string MediaType(absl::string_view content_type);

// True for subtype "json" and suffix "+json".
bool IsJsonType(absl::string_view content_type);

// True for "text/..." that is UTF-8: charset absent, utf-8 or us-ascii.
bool IsUtf8TextType(absl::string_view content_type);

}  // namespace jobexec::cloudevents
