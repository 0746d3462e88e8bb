// How YAML 1.1 reads plain scalars, in the manner of the library of the original (Go's yaml.v2).
#pragma once

#include <cstdint>
#include <optional>
#include <variant>

#include "scheduler/config/yaml_document.h"

namespace jobexec::scheduler {

// y, yes, true, on and their opposites, in lower case, capitalised or in capitals; not if quoted.
std::optional<bool> YamlBool(const YamlNode& node);

// Integers: decimal, 0x1F, 0o17, 017, 0b11, signs and '_' between digits. Everything else that is a
// number, also an integer beyond 64 bit, is a double. Neither if quoted, too large for a double or
// no number.
std::variant<std::monostate, int64_t, double> YamlNumber(const YamlNode& node);

}  // namespace jobexec::scheduler
