#include "scheduler/config/quantity.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "common/base/status_macros.h"
#include "tests/fuzz/properties.h"
#include "tests/fuzz/targets.h"

namespace jobexec::fuzz {
namespace {

// The amount by other means: in floating point.
double Amount(const std::string& quantity) {
  static const auto* const kFactors = new std::map<std::string, double>{
      {"n", 1e-9},    {"u", 1e-6},    {"m", 1e-3},    {"", 1},       {"k", 1e3},     {"M", 1e6},
      {"G", 1e9},     {"T", 1e12},    {"P", 1e15},    {"E", 1e18},   {"Ki", 0x1p10}, {"Mi", 0x1p20},
      {"Gi", 0x1p30}, {"Ti", 0x1p40}, {"Pi", 0x1p50}, {"Ei", 0x1p60}};
  const size_t begin = quantity.find_first_not_of("+-");
  const size_t end = std::min(quantity.find_first_not_of("0123456789.", begin), quantity.size());
  const std::string suffix = quantity.substr(end);
  double amount = 0;
  if (const auto factor = kFactors->find(suffix); factor != kFactors->end()) {
    amount = std::strtod(quantity.substr(begin, end - begin).c_str(), nullptr) * factor->second;
  } else {
    amount = std::strtod(quantity.substr(begin).c_str(), nullptr);  // e3
  }
  return quantity[0] == '-' ? -amount : amount;
}

bool IsSameAmount(double written, double canonical) {
  constexpr double kLimit = 0x1p63;
  // Binary amounts end at the limit.
  if (std::abs(written) >= kLimit) return std::abs(canonical) >= kLimit * (1 - 1e-9);
  constexpr double kNano = 1.001e-9;  // finer amounts are rounded
  return std::abs(written - canonical) <= kNano + 1e-12 * std::abs(written);
}

}  // namespace

absl::Status FuzzQuantity(absl::string_view input) {
  const absl::StatusOr<std::string> canonical = scheduler::CanonicalQuantity(input);
  if (!canonical.ok()) return RequireReadable(canonical.status().message());

  // Of amounts that no binary suffix divides Kubernetes drops it: then the family of suffixes is
  // lost, but not the amount.
  const bool may_lose_family = absl::EndsWith(input, "i") && !absl::EndsWith(*canonical, "i");
  const absl::StatusOr<std::string> again = scheduler::CanonicalQuantity(*canonical);
  RETURN_IF_ERROR(Require(again.ok() && (*again == *canonical || may_lose_family),
                          "a canonical quantity is its own canonical form"));
  RETURN_IF_ERROR(Require(IsSameAmount(Amount(std::string(input)), Amount(*canonical)),
                          "the canonical quantity is the same amount"));
  return Require(IsSameAmount(Amount(*canonical), Amount(*again)),
                 "a canonical quantity is the same amount when read again");
}

}  // namespace jobexec::fuzz
