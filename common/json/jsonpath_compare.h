// Comparison of values by RFC 9535, section 2.3.5.2.2.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "common/json/jsonpath_budget.h"

namespace jobexec::json::path {

// Numbers are equal by value (1 and 1.0), lists and objects member by member. Recurses as deep as
// the values are nested.
bool AreEqual(const nlohmann::json& left, const nlohmann::json& right, Budget& budget);

// Only numbers and strings have an order; everything else is never less.
bool IsLess(const nlohmann::json& left, const nlohmann::json& right, Budget& budget);

}  // namespace jobexec::json::path
