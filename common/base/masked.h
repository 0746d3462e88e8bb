// Text that may hold a password, in logs and messages.
#pragma once

#include <string>

#include "absl/strings/string_view.h"

namespace jobexec {

// `text` with "***" in place of what stands between "://" and "@": nats://***@host:4222. Rather too
// much than too little is left out: a password may have characters that no URL allows.
std::string MaskUserInformation(absl::string_view text);

}  // namespace jobexec
