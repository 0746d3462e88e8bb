#include "tests/support/keptn/merge.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace jobexec::test_keptn {
namespace {

void MergeLists(nlohmann::json& first, const nlohmann::json& later) {
  nlohmann::json merged = later;
  for (nlohmann::json& element : first) merged.push_back(std::move(element));
  first = std::move(merged);
}

void MergeObjects(nlohmann::json& first, const nlohmann::json& later) {
  for (const auto& [key, value] : later.items()) {
    const auto member = first.find(key);
    if (member == first.end() || member->is_null()) {
      first[key] = value;
    } else {
      Merge(*member, value);
    }
  }
}

}  // namespace

void Merge(nlohmann::json& first, const nlohmann::json& later) {
  if (first.is_number() || first.is_boolean()) return;
  if (first.is_string()) {
    first = later.is_null() ? nlohmann::json("") : later;
  } else if (first.is_null() || (!later.is_null() && first.type() != later.type())) {
    first = later;
  } else if (first.is_array() && later.is_array()) {
    MergeLists(first, later);
  } else if (first.is_object() && later.is_object()) {
    MergeObjects(first, later);
  }
}

}  // namespace jobexec::test_keptn
