#include "scheduler/config/quantity.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

TEST(Quantity, CanonicalForm) {
  const std::pair<const char*, const char*> kCases[] = {
      // Decimal suffixes.
      {"0", "0"},
      {"0.000", "0"},
      {"-0", "0"},
      {"0Ki", "0"},
      {"1", "1"},
      {"2", "2"},
      {"0.5", "500m"},
      {".5", "500m"},
      {"5.", "5"},
      {"1.5", "1500m"},
      {"0.05", "50m"},
      {"100m", "100m"},
      {"1000m", "1"},
      {"1500m", "1500m"},
      {"50m", "50m"},
      {"1000", "1k"},
      {"1024", "1024"},
      {"1200", "1200"},
      {"1000k", "1M"},
      {"1.G", "1G"},
      {"1E", "1E"},
      {"9223372036854775807", "9223372036854775807"},
      {"00012", "12"},
      {"+7", "7"},
      {"-7", "-7"},
      {"-0.5", "-500m"},
      {"0.1234567", "123456700n"},
      {"1u", "1u"},
      {"1000n", "1u"},
      {"1n", "1n"},
      // Binary suffixes.
      {"1Ki", "1Ki"},
      {"512Mi", "512Mi"},
      {"1024Mi", "1Gi"},
      {"1.5Gi", "1536Mi"},
      {"1.5Ki", "1536"},
      {"0.5Ki", "512"},
      {"0.5Mi", "512Ki"},
      {"1023.5Ki", "1048064"},
      {"0.1Gi", "107374182400m"},
      {"-2Gi", "-2Gi"},
      {"-0.5Ki", "-512"},
      {"1Ei", "1Ei"},
      {"7Ei", "7Ei"},
      {"8Ei", "9223372036854775807"},  // capped
      {"-100Ei", "-9223372036854775807"},
      // Exponents.
      {"1e3", "1e3"},
      {"1E3", "1e3"},
      {"1000e3", "1e6"},
      {"1.5e3", "1500"},
      {"12e-1", "1200e-3"},
      {"1e0", "1"},
      {"1e-3", "1e-3"},
      {"1e+3", "1e3"},
      {"0e999999999999999999999", "0"},
      // Finer than a nano: away from zero.
      {"0.1n", "1n"},
      {"1.1n", "2n"},
      {"-0.1n", "-1n"},
      {"0.00000000000001", "1n"},
      {"1e-100", "1e-9"},
      {"1e-99999999999999999999", "1e-9"},
      {"0.0000000001Ki", "103n"},
  };
  for (const auto& [text, canonical] : kCases) {
    const auto quantity = CanonicalQuantity(text);
    ASSERT_THAT(quantity, IsOk()) << text;
    EXPECT_EQ(*quantity, canonical) << text;
    EXPECT_EQ(*CanonicalQuantity(*quantity), *quantity) << text;
  }
}

TEST(Quantity, Faults) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "no number"},
      {"+", "no number"},
      {".", "no number"},
      {"Mi", "no number"},
      {" 1", "no number"},
      {"1 ", "suffix \" \" is unknown"},
      {"1.2.3", "no number"},
      {"--1", "no number"},
      {"0x10", "suffix \"x10\" is unknown"},
      {"1Zi", "suffix \"Zi\" is unknown"},
      {"1ki", "suffix \"ki\" is unknown"},
      {"1K", "suffix \"K\" is unknown"},
      {"1i", "suffix \"i\" is unknown"},
      {"1e", "suffix \"e\" is unknown"},
      {"1e1.5", "suffix \"e1.5\" is unknown"},
      {"1mm", "suffix \"mm\" is unknown"},
      {"1\x01", "\"1\\x01\" is no quantity: its suffix \"\\x01\" is unknown"},
      {"1KeinEiKummGeGimmeEinEi", "is unknown"},
      {"notaquantity", "no number"},
      {"10E", "too large"},
      {"9223372036854775808", "too large"},
      {"1e300", "too large"},
      {"1e99999999999999999999", "too large"},
      {"00000000000000000000000000000000000000000000000000000000000000001", "no number"},
  };
  for (const auto& [text, fault] : kCases) {
    EXPECT_THAT(CanonicalQuantity(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(fault)))
        << text;
  }
}

TEST(Quantity, ComparesAmountsWhateverTheirSpelling) {
  struct Case {
    const char* left;
    const char* right;
    int sign;
  };
  const Case kCases[] = {{"1", "1000m", 0},   {"0.5", "500m", 0}, {"1Gi", "1G", 1},
                         {"999m", "1", -1},   {"-1", "0", -1},    {"-1", "-2", 1},
                         {"100Mi", "1Gi", -1}};
  for (const Case& c : kCases) {
    const auto order = CompareQuantities(c.left, c.right);
    ASSERT_THAT(order, IsOk()) << c.left;
    EXPECT_EQ((*order > 0) - (*order < 0), c.sign) << c.left << " and " << c.right;
  }
  EXPECT_THAT(CompareQuantities("1", "x"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("is no quantity")));
}

}  // namespace
}  // namespace jobexec::scheduler
