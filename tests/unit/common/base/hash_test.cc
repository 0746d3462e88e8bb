#include "common/base/hash.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace jobexec {
namespace {

TEST(Hash, MatchesPublishedVectors) {
  EXPECT_EQ(Sha256Hex("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Sha3_224Hex("abc"), "e642824c3f8cf24ad09234ee7d3c766fc9a3a5168d0c94ad73b46fdf");
  // RFC 4231, test case 2.
  EXPECT_EQ(absl::BytesToHexString(HmacSha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

TEST(Hash, LengthPrefixesKeepListsApart) {
  EXPECT_EQ(LengthPrefixed({"ab", ""}), "2:ab0:");
  EXPECT_NE(LengthPrefixed({"a", "b"}), LengthPrefixed({"ab", ""}));
}

TEST(Hash, UuidV5IsStableAndWellFormed) {
  const std::string uuid = UuidV5("x");

  ASSERT_EQ(uuid.size(), 36);
  EXPECT_EQ(uuid[14], '5');
  EXPECT_EQ(uuid, UuidV5("x"));
  EXPECT_NE(uuid, UuidV5("y"));
}

TEST(Hash, ConstantTimeEqualsComparesContent) {
  EXPECT_TRUE(ConstantTimeEquals("abc", "abc"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "abd"));
  EXPECT_FALSE(ConstantTimeEquals("abc", "ab"));
}

}  // namespace
}  // namespace jobexec
