// The first document of a YAML text as a tree that keeps what a strict reader needs: positions,
// quoting, tags, duplicate keys and merge keys.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/string_view.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/job_config.h"

namespace jobexec::scheduler {

struct YamlNode;
// Aliases share the node of their anchor, so the tree may be much larger than the text, but never
// deeper than the limit.
using YamlNodePtr = std::shared_ptr<const YamlNode>;

struct YamlNode {
  enum class Kind { kNull, kScalar, kSequence, kMapping };

  Kind kind = Kind::kNull;
  Position position;
  int height = 0;                  // levels below, aliases included; at most 50
  std::string text;                // of a scalar
  std::string tag;                 // "?" plain, "!" quoted, else as written
  std::vector<YamlNodePtr> items;  // of a sequence
  std::vector<std::pair<YamlNodePtr, YamlNodePtr>> pairs;  // of a mapping, in order
};

inline constexpr size_t kMaxYamlBytes = 1024 * 1024;

// The root, or the one fault that stops parsing: more than `max_bytes`, 100,000 nodes or 50 levels,
// an encoding other than UTF-8, or a syntax error. An empty text gives a null node. Further
// documents are ignored, also broken ones.
std::variant<YamlNodePtr, ConfigFault> ParseYaml(absl::string_view text,
                                                 size_t max_bytes = kMaxYamlBytes);

}  // namespace jobexec::scheduler
