#include "common/json/jsonpath_evaluator.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <variant>

namespace jobexec::json::path {
namespace {

using Json = nlohmann::json;

const Json* Member(const Json& value, const std::string& name) {
  const auto* const members = value.get_ptr<const Json::object_t*>();
  if (members == nullptr) return nullptr;
  const auto member = members->find(name);
  return member == members->end() ? nullptr : &member->second;
}

// Negative indexes count from the end.
const Json* Element(const Json& value, int64_t index) {
  const auto* const elements = value.get_ptr<const Json::array_t*>();
  if (elements == nullptr) return nullptr;
  const auto size = static_cast<int64_t>(elements->size());
  if (index < 0) index += size;
  return index < 0 || index >= size ? nullptr : &(*elements)[static_cast<size_t>(index)];
}

// Calls `visit` with each element or member value; it returns false to stop.
template <typename Visitor>
void ForEachChild(const Json& value, Visitor visit) {
  if (const auto* const elements = value.get_ptr<const Json::array_t*>()) {
    for (const Json& element : *elements) {
      if (!visit(element)) return;
    }
  } else if (const auto* const members = value.get_ptr<const Json::object_t*>()) {
    for (const auto& [name, member] : *members) {
      if (!visit(member)) return;
    }
  }
}

// First index and first index beyond, in the direction of the step (RFC 9535, section 2.3.4.2.2).
struct SliceBounds {
  int64_t begin;
  int64_t end;
};

SliceBounds BoundsOf(const SliceSelector& slice, int64_t size) {
  const auto normalize = [size](int64_t index) { return index < 0 ? size + index : index; };
  if (slice.step > 0) {
    return {std::clamp<int64_t>(normalize(slice.start.value_or(0)), 0, size),
            std::clamp<int64_t>(normalize(slice.end.value_or(size)), 0, size)};
  }
  const int64_t end = slice.end ? normalize(*slice.end) : -1;
  return {std::clamp<int64_t>(normalize(slice.start.value_or(size - 1)), -1, size - 1),
          std::clamp<int64_t>(end, -1, size - 1)};
}

}  // namespace

const Json* SelectSingular(const Query& query, const Json& start) {
  const Json* value = &start;
  for (const Segment& segment : query.segments) {
    const Selector& selector = segment.selectors.front();
    const auto* const name = std::get_if<NameSelector>(&selector);
    value = name != nullptr ? Member(*value, name->name)
                            : Element(*value, std::get<IndexSelector>(selector).index);
    if (value == nullptr) return nullptr;
  }
  return value;
}

Nodes Evaluator::Select(const Query& query, const Json& current) {
  Nodes nodes = {query.from_root ? &root_ : &current};
  for (const Segment& segment : query.segments) {
    nodes = ApplySegment(segment, nodes);
    if (nodes.empty() || budget_.exhausted()) return {};
  }
  return nodes;
}

Nodes Evaluator::ApplySegment(const Segment& segment, const Nodes& input) {
  Nodes out;
  for (const Json* const value : input) {
    if (segment.descendants) {
      VisitDescendants(segment, *value, out);
    } else {
      ApplySelectors(segment, *value, out);
    }
    if (budget_.exhausted()) break;
  }
  return out;
}

// Every value before what is below it, with an explicit stack.
void Evaluator::VisitDescendants(const Segment& segment, const Json& top, Nodes& out) {
  Nodes stack = {&top};
  while (!stack.empty() && budget_.Spend(1)) {
    const Json& value = *stack.back();
    stack.pop_back();
    ApplySelectors(segment, value, out);
    const auto first_child = static_cast<std::ptrdiff_t>(stack.size());
    ForEachChild(value, [&stack](const Json& child) {
      if (child.is_structured()) stack.push_back(&child);  // below all else there is nothing
      return true;
    });
    std::reverse(stack.begin() + first_child, stack.end());
  }
}

void Evaluator::ApplySelectors(const Segment& segment, const Json& value, Nodes& out) {
  if (!value.is_structured()) return;
  for (const Selector& selector : segment.selectors) {
    if (!budget_.Spend(1)) return;
    std::visit([&](const auto& kind) { Apply(kind, value, out); }, selector);
  }
}

void Evaluator::Append(const Json* value, Nodes& out) {
  if (value != nullptr && budget_.Spend(1)) out.push_back(value);
}

void Evaluator::Apply(const NameSelector& selector, const Json& value, Nodes& out) {
  Append(Member(value, selector.name), out);
}

void Evaluator::Apply(const WildcardSelector&, const Json& value, Nodes& out) {
  ForEachChild(value, [&](const Json& child) {
    Append(&child, out);
    return !budget_.exhausted();
  });
}

void Evaluator::Apply(const IndexSelector& selector, const Json& value, Nodes& out) {
  Append(Element(value, selector.index), out);
}

void Evaluator::Apply(const SliceSelector& selector, const Json& value, Nodes& out) {
  if (!value.is_array() || selector.step == 0) return;
  const SliceBounds bounds = BoundsOf(selector, static_cast<int64_t>(value.size()));
  const bool forward = selector.step > 0;
  for (int64_t i = bounds.begin; forward ? i < bounds.end : i > bounds.end; i += selector.step) {
    Append(Element(value, i), out);
    if (budget_.exhausted()) return;
  }
}

void Evaluator::Apply(const FilterSelector& selector, const Json& value, Nodes& out) {
  ForEachChild(value, [&](const Json& child) {
    if (!budget_.Spend(1)) return false;
    if (IsTrue(*selector.condition, child)) Append(&child, out);
    return true;
  });
}

}  // namespace jobexec::json::path
