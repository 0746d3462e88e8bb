// JSONPath (RFC 9535), complete: what the `jsonpath` filters of events and variables from events
// are written in.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "nlohmann/json_fwd.hpp"

namespace jobexec::json {

namespace path {
struct Query;
}

// What one evaluation may cost. A step is a value visited or compared, or 64 bytes of text.
struct SelectLimits {
  size_t max_results = 100'000;
  size_t max_steps = 4'000'000;
};

// A compiled query: an immutable value, cheap to copy, safe to use from several threads at once.
class JsonPath {
 public:
  // Blanks around the expression are errors, as the RFC has it.
  // INVALID_ARGUMENT: not a valid query, longer than 4096 bytes or nested deeper than 32 levels;
  // the message has the column (in characters, from 1), what was found and what was expected.
  static absl::StatusOr<JsonPath> Compile(absl::string_view expression);

  // The query can select one value at most, whatever the document: only names and indexes.
  bool IsSingular() const;

  // The selected values in the order of the RFC (members of objects by key), empty if there are
  // none. The pointers live as long as `root`, which must come from json::Parse or be nested as
  // little. A singular query costs one look-up per segment. RESOURCE_EXHAUSTED: over `limits`.
  absl::StatusOr<std::vector<const nlohmann::json*>> Select(const nlohmann::json& root,
                                                            const SelectLimits& limits = {}) const;

 private:
  explicit JsonPath(std::shared_ptr<const path::Query> query);

  std::shared_ptr<const path::Query> query_;
};

}  // namespace jobexec::json
