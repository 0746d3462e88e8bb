#include "scheduler/grant.h"

#include <gtest/gtest.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::HasSubstr;

const absl::Time kNow = absl::FromUnixSeconds(1'700'000'000);

Grant AGrant() {
  return {.scope = {"shop", "dev", "cart"},
          .commit = "abc",
          .files = {"helm/", "x.py"},
          .job = "ns/jes-1",
          .expiry = kNow + absl::Hours(1)};
}

TEST(GrantSigner, VerifiesWhatItSigned) {
  const GrantSigner signer("key");

  const auto grant = signer.Verify(signer.Sign(AGrant()), kNow);

  ASSERT_TRUE(grant.ok()) << grant.status();
  EXPECT_EQ(grant->scope.service, "cart");
  EXPECT_EQ(grant->commit, "abc");
  EXPECT_EQ(grant->files, AGrant().files);
  EXPECT_EQ(grant->job, "ns/jes-1");
}

TEST(GrantSigner, IsDeterministic) {
  EXPECT_EQ(GrantSigner("key").Sign(AGrant()), GrantSigner("key").Sign(AGrant()));
}

TEST(GrantSigner, RefusesForgeriesOtherKeysAndGarbage) {
  const GrantSigner signer("key");
  std::string forged = signer.Sign(AGrant());
  forged[3] = forged[3] == 'A' ? 'B' : 'A';

  for (const std::string& text :
       {forged, GrantSigner("other").Sign(AGrant()), std::string(), std::string("a.b.c"),
        std::string("no dot"), std::string("."), signer.Sign(AGrant()) + "x"}) {
    EXPECT_THAT(signer.Verify(text, kNow), StatusIs(absl::StatusCode::kUnauthenticated, _)) << text;
  }
}

TEST(GrantSigner, RefusesAnExpiredGrantAndSaysSo) {
  const GrantSigner signer("key");

  EXPECT_THAT(signer.Verify(signer.Sign(AGrant()), kNow + absl::Hours(2)),
              StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("expired")));
}

TEST(WithoutGrant, HidesTheGrantAndNothingElse) {
  const std::string with =
      R"({"spec":{"template":{"spec":{"initContainers":[{"env":[{"name":"A","value":"b"},)"
      R"({"name":"JOBEXEC_GRANT","value":"secret"}]}]}}}})";
  EXPECT_EQ(WithoutGrant(with),
            R"({"spec":{"template":{"spec":{"initContainers":[{"env":[{"name":"A","value":"b"},)"
            R"({"name":"JOBEXEC_GRANT","value":"<redacted>"}]}]}}}})");
  const std::string without = R"({"spec":{"template":{"spec":{"containers":[]}}}})";
  EXPECT_EQ(WithoutGrant(without), without);
}

}  // namespace
}  // namespace jobexec::scheduler
