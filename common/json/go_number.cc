#include "common/json/go_number.h"

#include <array>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>

namespace jobexec::json {
namespace {

// [-]d.ddde[+-]xx with the fewest digits that read back the same.
std::string Scientific(double value) {
  std::array<char, 32> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::scientific);
  return std::string(buffer.data(), end.ptr);
}

// 1e-07 -> 1e-7.
std::string WithoutExponentPadding(std::string text) {
  const size_t digit = text.find('e') + 2;
  if (text[digit] == '0') text.erase(digit, 1);
  return text;
}

// Moves the decimal point of a scientific text without sign to its place.
std::string PlainDecimal(const std::string& scientific) {
  const size_t e = scientific.find('e');
  const int exponent = std::stoi(scientific.substr(e + 1));
  std::string digits = scientific.substr(0, 1);
  if (e > 2) digits += scientific.substr(2, e - 2);
  if (exponent < 0) return "0." + std::string(-exponent - 1, '0') + digits;
  const size_t integer_digits = exponent + 1;
  if (digits.size() <= integer_digits) {
    return digits + std::string(integer_digits - digits.size(), '0');
  }
  return digits.insert(integer_digits, ".");
}

}  // namespace

std::string GoNumber(const nlohmann::json& number) {
  const auto value = number.get<double>();
  const double magnitude = std::fabs(value);
  if (!std::isfinite(value)) return "null";  // JSON has none; nlohmann writes the same
  if (magnitude != 0 && (magnitude < 1e-6 || magnitude >= 1e21)) {
    return WithoutExponentPadding(Scientific(value));
  }
  return (std::signbit(value) ? "-" : "") + PlainDecimal(Scientific(magnitude));
}

}  // namespace jobexec::json
