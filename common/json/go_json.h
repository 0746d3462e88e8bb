// The text forms in which a value from an event becomes an environment variable. They are those of
// the original service, a Go program, whose users' scripts read them; the one difference is that
// numbers are always printed as in JSON. All three are pure, never fail, and recurse as deep as the
// value is nested, so the value has to come from json::Parse or be as flat.
#pragma once

#include <string>

#include "nlohmann/json_fwd.hpp"

namespace jobexec::json {

// `as: json`: compact, keys sorted, < > & U+2028 U+2029 escaped. Every number is a double: plain
// decimal for 1e-6 <= |x| < 1e21, else scientific (1e-7, 1e+21), with the fewest digits that read
// back the same.
std::string ToGoJson(const nlohmann::json& value);

// `as: yaml`: block style of yaml.v2 2.4 with a newline at the end, lists not indented under their
// key, keys in natural order (a2 < a10), scalars quoted that YAML 1.1 reads as something else, long
// lines folded after column 80, strings of several lines as literal blocks.
std::string ToGoYaml(const nlohmann::json& value);

// Without `as`: a string is itself, everything else is as ToGoJson.
std::string ToText(const nlohmann::json& value);

}  // namespace jobexec::json
