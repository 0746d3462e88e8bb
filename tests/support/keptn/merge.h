// How Keptn puts the data of several events together.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace jobexec::test_keptn {

// Adds `later` to `first`: objects deep, a later string wins, numbers and booleans keep the FIRST
// value, later elements of a list come in FRONT (and twice, if they were there), null over a string
// makes it empty, another kind of value replaces a list, an object or a string. Pure.
void Merge(nlohmann::json& first, const nlohmann::json& later);

}  // namespace jobexec::test_keptn
