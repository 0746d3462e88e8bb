#include "common/json/jsonpath_compare.h"

#include <algorithm>
#include <compare>
#include <nlohmann/json.hpp>
#include <utility>

namespace jobexec::json::path {
namespace {

using Json = nlohmann::json;

template <typename L, typename R>
std::partial_ordering CompareIntegers(L left, R right) {
  if (std::cmp_less(left, right)) return std::partial_ordering::less;
  return std::cmp_equal(left, right) ? std::partial_ordering::equivalent
                                     : std::partial_ordering::greater;
}

template <typename L>
std::partial_ordering CompareIntegerWith(L left, const Json& right) {
  return right.is_number_unsigned() ? CompareIntegers(left, right.get<uint64_t>())
                                    : CompareIntegers(left, right.get<int64_t>());
}

// Integers exactly, with a fraction on either side as doubles.
std::partial_ordering CompareNumbers(const Json& left, const Json& right) {
  if (left.is_number_float() || right.is_number_float()) {
    return left.get<double>() <=> right.get<double>();
  }
  return left.is_number_unsigned() ? CompareIntegerWith(left.get<uint64_t>(), right)
                                   : CompareIntegerWith(left.get<int64_t>(), right);
}

const std::string& Text(const Json& string) { return string.get_ref<const std::string&>(); }

bool AreListsEqual(const Json& left, const Json& right, Budget& budget) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&](const Json& l, const Json& r) { return AreEqual(l, r, budget); });
}

bool AreObjectsEqual(const Json& left, const Json& right, Budget& budget) {
  const auto& l = left.get_ref<const Json::object_t&>();
  const auto& r = right.get_ref<const Json::object_t&>();
  return std::equal(l.begin(), l.end(), r.begin(), r.end(), [&](const auto& a, const auto& b) {
    return a.first == b.first && AreEqual(a.second, b.second, budget);
  });
}

}  // namespace

bool AreEqual(const Json& left, const Json& right, Budget& budget) {
  if (!budget.Spend(1)) return false;
  if (left.is_number() && right.is_number()) return std::is_eq(CompareNumbers(left, right));
  if (left.type() != right.type()) return false;
  if (left.is_string()) {
    const std::string& l = Text(left);
    return l.size() == Text(right).size() && budget.SpendOnText(l.size()) && l == Text(right);
  }
  if (left.is_array()) {
    return left.size() == right.size() && AreListsEqual(left, right, budget);
  }
  if (left.is_object()) {
    return left.size() == right.size() && AreObjectsEqual(left, right, budget);
  }
  return left.is_null() || left.get<bool>() == right.get<bool>();
}

bool IsLess(const Json& left, const Json& right, Budget& budget) {
  if (!budget.Spend(1)) return false;
  if (left.is_number() && right.is_number()) return std::is_lt(CompareNumbers(left, right));
  if (!left.is_string() || !right.is_string()) return false;
  // UTF-8 sorts by bytes as Unicode does by code points.
  return budget.SpendOnText(std::min(Text(left).size(), Text(right).size())) &&
         Text(left) < Text(right);
}

}  // namespace jobexec::json::path
