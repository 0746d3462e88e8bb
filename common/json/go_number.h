// Numbers as Go's encoding/json prints them.
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"

namespace jobexec::json {

// `number` must be a JSON number. It is printed as a double, also where an integer would have more
// digits: 12345678901234567890 gives 12345678901234567000.
std::string GoNumber(const nlohmann::json& number);

}  // namespace jobexec::json
