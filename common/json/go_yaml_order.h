// The order in which yaml.v2 writes the keys of a mapping.
#pragma once

#include <string>
#include <vector>

#include "nlohmann/json_fwd.hpp"

namespace jobexec::json {

// The keys of `object` in natural order: letters after everything else, runs of digits by their
// value (a2 < a10 < ab).
std::vector<const std::string*> KeysInYamlOrder(const nlohmann::json& object);

}  // namespace jobexec::json
