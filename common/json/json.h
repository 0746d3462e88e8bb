// Bounded parsing, canonical writing and typed look-ups of JSON. Everything here is free of
// exceptions and safe to call from any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace jobexec::json {

struct ParseLimits {
  size_t max_bytes = size_t{4} * 1024 * 1024;
  size_t max_depth = 64;  // nested lists and objects; a lone scalar has depth 0
};

// Parses one RFC 8259 text, the door through which JSON from outside comes in: later code may
// recurse over the result, since its depth is bounded. Of duplicate keys the last wins; integers
// beyond 64 bit become doubles.
//   RESOURCE_EXHAUSTED  the text is larger or nested deeper than `limits`
//   INVALID_ARGUMENT    not JSON or not UTF-8; the message has line, column and what was expected,
//   but
//                       never the text itself, which may hold secrets
absl::StatusOr<nlohmann::json> Parse(absl::string_view text, const ParseLimits& limits = {});

// Compact text with sorted keys: equal values give equal texts. Invalid UTF-8 is written as U+FFFD.
std::string Dump(const nlohmann::json& value);

// The getters accept any value, also one that is no object. Pointers live as long as the value.

// nullptr if absent. FindPath goes down through nested objects.
const nlohmann::json* Find(const nlohmann::json& object, absl::string_view key);
const nlohmann::json* FindPath(const nlohmann::json& object,
                               std::initializer_list<absl::string_view> keys);

// "" if absent or no string.
std::string GetString(const nlohmann::json& object, absl::string_view key);

// `fallback` if absent, no integer or outside of int64_t.
int64_t GetInt(const nlohmann::json& object, absl::string_view key, int64_t fallback);

// `fallback` if absent or no boolean.
bool GetBool(const nlohmann::json& object, absl::string_view key, bool fallback);

}  // namespace jobexec::json
