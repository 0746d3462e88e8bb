#include "scheduler/config/image_allowlist.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_split.h"
#include "common/base/status_macros.h"

namespace jobexec::scheduler {

absl::StatusOr<ImageAllowlist> ImageAllowlist::Parse(absl::string_view list) {
  ImageAllowlist allowlist;
  for (absl::string_view item : absl::StrSplit(list, ',', absl::SkipEmpty())) {
    if (item == "*") return ImageAllowlist();
    ASSIGN_OR_RETURN(Glob glob, Glob::Compile(item));
    allowlist.globs_.push_back(std::move(glob));
  }
  return allowlist;
}

bool ImageAllowlist::Allows(absl::string_view image) const {
  return globs_.empty() || std::any_of(globs_.begin(), globs_.end(),
                                       [image](const Glob& glob) { return glob.Matches(image); });
}

}  // namespace jobexec::scheduler
