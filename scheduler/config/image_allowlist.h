// Which images tasks may use: the installation's ALLOWED_IMAGE_LIST.
#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "scheduler/config/glob.h"

namespace jobexec::scheduler {

// Immutable; copies are cheap and may be used from any thread.
class ImageAllowlist {
 public:
  // Allows every image.
  ImageAllowlist() = default;

  // Globs separated by commas. Empty items are dropped, blanks are not trimmed. An empty list, or
  // an item that is exactly "*", allows everything; what follows such an item is not looked at.
  // INVALID_ARGUMENT names the glob that is malformed.
  static absl::StatusOr<ImageAllowlist> Parse(absl::string_view list);

  // Compares the whole text of the image as the task has it: no default registry, no default tag.
  bool Allows(absl::string_view image) const;

 private:
  std::vector<Glob> globs_;  // empty: everything is allowed
};

}  // namespace jobexec::scheduler
