#include "scheduler/config/quantity.h"

#include <re2/re2.h>

#include <algorithm>
#include <boost/multiprecision/cpp_int.hpp>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "common/base/printable.h"
#include "common/base/status_macros.h"

namespace jobexec::scheduler {
namespace {

using boost::multiprecision::cpp_int;

constexpr size_t kMaxLength = 64;
constexpr absl::string_view kDecimalSuffixes[] = {"n", "u", "m", "", "k", "M", "G", "T", "P", "E"};
constexpr absl::string_view kBinarySuffixes[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
constexpr int kNano = -9;

enum class Format { kDecimal, kBinary, kExponent };

// An amount as it is written.
struct Written {
  bool is_negative = false;
  std::string digits;  // without the point
  int decimals = 0;    // of them behind the point
  Format format = Format::kDecimal;
  int exponent = 0;  // of ten, of 1024 if the format is binary
};

template <size_t N>
int IndexOf(const absl::string_view (&suffixes)[N], absl::string_view suffix) {
  return static_cast<int>(std::find(suffixes, suffixes + N, suffix) - suffixes);
}

// Numbers have at most 64 digits: beyond 200 the exponent makes no difference.
int ClampedExponent(absl::string_view text) {
  int64_t exponent = 0;
  if (!absl::SimpleAtoi(text, &exponent)) exponent = absl::StartsWith(text, "-") ? -200 : 200;
  return static_cast<int>(std::clamp<int64_t>(exponent, -200, 200));
}

absl::StatusOr<Written> Read(absl::string_view text) {
  static const re2::RE2* const kQuantity =
      new re2::RE2(R"(([-+]?)([0-9]*)(?:\.([0-9]*))?([^0-9.].*)?)");
  static const re2::RE2* const kExponent = new re2::RE2(R"([eE]([-+]?[0-9]+))");
  std::string sign, whole, decimals, suffix, exponent;
  const bool is_number = text.size() <= kMaxLength &&
                         re2::RE2::FullMatch(re2::StringPiece(text.data(), text.size()), *kQuantity,
                                             &sign, &whole, &decimals, &suffix) &&
                         !(whole.empty() && decimals.empty());
  if (!is_number) return absl::InvalidArgumentError("it is no number with a suffix");
  Written written{sign == "-", whole + decimals, static_cast<int>(decimals.size())};
  if (absl::EndsWith(suffix, "i")) {
    written.format = Format::kBinary;
    written.exponent = IndexOf(kBinarySuffixes, suffix);
    if (written.exponent < static_cast<int>(std::size(kBinarySuffixes))) return written;
  } else if (re2::RE2::FullMatch(suffix, *kExponent, &exponent)) {
    written.format = Format::kExponent;
    written.exponent = ClampedExponent(exponent);
    return written;
  } else if (const int index = IndexOf(kDecimalSuffixes, suffix);
             index < static_cast<int>(std::size(kDecimalSuffixes))) {
    written.exponent = 3 * index + kNano;
    return written;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("its suffix \"", Printable(suffix), "\" is unknown"));
}

cpp_int Power(int base, int exponent) {
  return boost::multiprecision::pow(cpp_int(base), static_cast<unsigned>(exponent));
}

cpp_int MaxNanos() { return ((cpp_int(1) << 63) - 1) * Power(10, -kNano); }

// The amount without its sign in units of 10^-9, rounded up.
cpp_int Nanos(const Written& written) {
  // cpp_int would take leading zeros for an octal number.
  const size_t first = written.digits.find_first_not_of('0');
  cpp_int amount(first == std::string::npos ? "0" : written.digits.substr(first));
  int exponent = -kNano - written.decimals;
  if (written.format == Format::kBinary) {
    amount *= Power(1024, written.exponent);
  } else {
    exponent += written.exponent;
  }
  if (exponent >= 0) return amount * Power(10, exponent);
  const cpp_int divisor = Power(10, -exponent);
  return (amount + divisor - 1) / divisor;
}

std::string PrintDecimal(cpp_int amount, Format format) {
  int exponent = kNano;
  while (amount % 10 == 0) {
    amount /= 10;
    ++exponent;
  }
  while (exponent % 3 != 0) {
    amount *= 10;
    --exponent;
  }
  if (format == Format::kDecimal) {
    return absl::StrCat(amount.str(), kDecimalSuffixes[(exponent - kNano) / 3]);
  }
  return exponent == 0 ? amount.str() : absl::StrCat(amount.str(), "e", exponent);
}

std::string PrintBinary(cpp_int amount) {
  size_t suffix = 0;
  while (amount % 1024 == 0) {
    amount /= 1024;
    ++suffix;
  }
  return absl::StrCat(amount.str(), kBinarySuffixes[suffix]);
}

// Small and broken amounts are printed with decimal suffixes, as these keep them exact.
std::string Print(const cpp_int& nanos, Format format) {
  const cpp_int unit = Power(10, -kNano);
  if (format == Format::kBinary && nanos >= 1024 * unit && nanos % unit == 0) {
    return PrintBinary(nanos / unit);
  }
  return PrintDecimal(nanos, format == Format::kBinary ? Format::kDecimal : format);
}

// A quantity as Kubernetes takes it.
struct Quantity {
  Written written;
  cpp_int nanos;  // without the sign, at most MaxNanos()
};

absl::StatusOr<Quantity> Parse(absl::string_view text) {
  absl::StatusOr<Written> written = Read(text);
  if (!written.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "\"", Printable(text.substr(0, kMaxLength)),
        "\" is no quantity: ", written.status().message(), ", expected e.g. 500m, 2 or 1.5Gi"));
  }
  cpp_int nanos = Nanos(*written);
  if (nanos > MaxNanos()) {
    if (written->format != Format::kBinary) {
      return absl::InvalidArgumentError(
          absl::StrCat("\"", text, "\" is too large for a quantity, the limit is 2^63-1"));
    }
    nanos = MaxNanos();
  }
  return Quantity{*std::move(written), std::move(nanos)};
}

}  // namespace

absl::StatusOr<std::string> CanonicalQuantity(absl::string_view text) {
  ASSIGN_OR_RETURN(const Quantity quantity, Parse(text));
  if (quantity.nanos == 0) return "0";
  return absl::StrCat(quantity.written.is_negative ? "-" : "",
                      Print(quantity.nanos, quantity.written.format));
}

absl::StatusOr<int> CompareQuantities(absl::string_view left, absl::string_view right) {
  const auto signed_nanos = [](const Quantity& quantity) -> cpp_int {
    return quantity.written.is_negative ? cpp_int(-quantity.nanos) : quantity.nanos;
  };
  ASSIGN_OR_RETURN(const Quantity first, Parse(left));
  ASSIGN_OR_RETURN(const Quantity second, Parse(right));
  return signed_nanos(first).compare(signed_nanos(second));
}

}  // namespace jobexec::scheduler
