#include "common/kube/lease_candidate.h"

#include <gmock/gmock.h>

#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_kube_client.h"
#include "tests/support/status_matchers.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::FakeKubeClient;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::AllOf;
using ::testing::Ge;
using ::testing::Le;
using ::testing::MatchesRegex;
using Json = nlohmann::json;

constexpr absl::Duration kSecond = absl::Seconds(1);

class LeaseCandidateTest : public ::testing::Test {
 protected:
  std::unique_ptr<LeaseCandidate> Candidate(const std::string& holder) {
    return std::make_unique<LeaseCandidate>(
        LeaseOptions{.name_space = "ns", .name = "lease", .holder = holder}, kube_, clock_);
  }
  Json Lease() const { return kube_.Find(Leases("ns"), "lease"); }
  Json Spec() const { return Lease()["spec"]; }

  FakeClock clock_;
  FakeKubeClient kube_{clock_};
};

TEST_F(LeaseCandidateTest, TakesAMissingLease) {
  const auto a = Candidate("a");
  EXPECT_EQ(a->Term(), 0u);
  EXPECT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 1u);
  EXPECT_EQ(Spec()["holderIdentity"], "a");
  EXPECT_EQ(Spec()["leaseDurationSeconds"], 8);
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
  const std::string time = R"([0-9-]+T[0-9:]+\.[0-9][0-9][0-9][0-9][0-9][0-9]Z)";
  EXPECT_THAT(Spec()["renewTime"].get<std::string>(), MatchesRegex(time));
  EXPECT_EQ(Spec()["acquireTime"], Spec()["renewTime"]);
}

TEST_F(LeaseCandidateTest, StaysInItsTermWhileItRenewsByOneCallEach) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  const Json acquired = Spec()["acquireTime"];
  clock_.Advance(kSecond);
  ASSERT_THAT(a->Try(true), IsOk());
  kube_.ForgetCalls();
  for (int i = 0; i < 20; ++i) {
    clock_.Advance(kSecond);
    ASSERT_THAT(a->Try(true), IsOk());
    EXPECT_EQ(a->Term(), 1u);
  }
  EXPECT_EQ(kube_.Count("update"), 20);
  EXPECT_EQ(kube_.Calls().size(), 20u);
  EXPECT_EQ(Spec()["acquireTime"], acquired);
  EXPECT_NE(Spec()["renewTime"], acquired);
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
}

TEST_F(LeaseCandidateTest, LeadsUntilItsRenewalIsFiveSecondsOld) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(a->Term(), 1u);
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_EQ(a->Term(), 0u);
}

TEST_F(LeaseCandidateTest, AnotherClockJumpEndsItAtOnce) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(absl::Hours(1));
  EXPECT_EQ(a->Term(), 0u) << "the machine slept";
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 2u) << "nobody else took it, but it was without for a while";
  EXPECT_EQ(Spec()["leaseTransitions"], 0);
}

TEST_F(LeaseCandidateTest, WhoIsNotWillingOnlyWatches) {
  const auto a = Candidate("a");
  EXPECT_THAT(a->Try(false), IsOk());
  EXPECT_TRUE(Lease().is_null());
  const auto b = Candidate("b");
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_THAT(a->Try(false), IsOk());
  clock_.Advance(absl::Minutes(1));
  EXPECT_THAT(a->Try(false), IsOk());
  EXPECT_EQ(a->Term(), 0u);
  EXPECT_EQ(Spec()["holderIdentity"], "b");
  EXPECT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 1u) << "it has seen it unchanged for long enough meanwhile";
}

TEST_F(LeaseCandidateTest, ARivalWaitsEightSecondsFromTheLastRenewalThatItSaw) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  ASSERT_THAT(a->Try(true), IsOk());
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->SeenHolder(), "a");
  clock_.Advance(absl::Seconds(4));
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(absl::Seconds(2));
  ASSERT_THAT(b->Try(true), IsOk());

  clock_.Advance(absl::Milliseconds(7999));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 0u);
  EXPECT_EQ(a->Term(), 0u);
  clock_.Advance(absl::Milliseconds(1));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 1u);
  EXPECT_EQ(Spec()["holderIdentity"], "b");
  EXPECT_EQ(Spec()["leaseTransitions"], 1);

  EXPECT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 0u) << "it finds that it was deposed";
  EXPECT_EQ(a->SeenHolder(), "b");
}

TEST_F(LeaseCandidateTest, AHolderThatCountsOnLongerIsGivenIt) {
  kube_.Put(Leases("ns"), {{"metadata", {{"name", "lease"}}},
                           {"spec", {{"holderIdentity", "x"}, {"leaseDurationSeconds", 30}}}});
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(absl::Seconds(29));
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 0u);
  clock_.Advance(kSecond);
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 1u);
}

TEST_F(LeaseCandidateTest, OnlyTheSpecTellsOfARenewal) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  ASSERT_THAT(a->Try(true), IsOk());
  ASSERT_THAT(b->Try(true), IsOk());
  clock_.Advance(absl::Seconds(5));
  Json labelled = Lease();
  labelled["metadata"]["labels"] = {{"by", "hand"}};
  kube_.Put(Leases("ns"), labelled);
  ASSERT_THAT(b->Try(true), IsOk());
  clock_.Advance(absl::Seconds(3));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 1u);
  EXPECT_EQ(Lease()["metadata"]["labels"]["by"], "hand");
}

TEST_F(LeaseCandidateTest, OfTwoThatTakeItAtOnceOneGetsIt) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  // b reads before a creates, and creates after it.
  kube_.FailNext("get", absl::NotFoundError("not yet"), 2);
  ASSERT_THAT(a->Try(true), IsOk());
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 1u);
  EXPECT_EQ(b->Term(), 0u);
}

TEST_F(LeaseCandidateTest, WhileTheApiIsAwayItLeadsToTheEndOfItsDeadlineOnly) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  const absl::Status away = absl::UnavailableError("away");
  kube_.FailNext("get", away, 4);
  kube_.FailNext("update", away, 4);
  for (int i = 0; i < 4; ++i) {
    clock_.Advance(kSecond);
    EXPECT_THAT(a->Try(true), StatusIs(absl::StatusCode::kUnavailable, _));
    EXPECT_EQ(a->Term(), 1u);
  }
  clock_.Advance(kSecond);
  EXPECT_EQ(a->Term(), 0u);
}

TEST_F(LeaseCandidateTest, ARenewalWhoseAnswerIsLostIsMadeUpForWithinTheTerm) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(kSecond);
  ASSERT_THAT(a->Try(true), IsOk());
  kube_.LoseAnswerOfNext("update", absl::DeadlineExceededError("lost"));
  clock_.Advance(kSecond);
  EXPECT_THAT(a->Try(true), StatusIs(absl::StatusCode::kDeadlineExceeded, _));
  clock_.Advance(absl::Seconds(2));
  EXPECT_THAT(a->Try(true), IsOk());
  clock_.Advance(absl::Milliseconds(4999));
  EXPECT_EQ(a->Term(), 1u);
}

TEST_F(LeaseCandidateTest, TheSameProgramStartedAgainIsARival) {
  auto a = Candidate("host-1");
  ASSERT_THAT(a->Try(true), IsOk());
  a = Candidate("host-2");
  for (int i = 0; i < 8; ++i) {
    ASSERT_THAT(a->Try(true), IsOk());
    EXPECT_EQ(a->Term(), 0u) << i;
    clock_.Advance(kSecond);
  }
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 1u);
}

TEST_F(LeaseCandidateTest, AReleasedLeaseIsTakenAtOnce) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  ASSERT_THAT(a->Try(true), IsOk());
  ASSERT_THAT(b->Try(true), IsOk());
  ASSERT_THAT(a->Release(), IsOk());
  EXPECT_EQ(a->Term(), 0u);
  EXPECT_FALSE(Spec().contains("holderIdentity"));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 1u);
  EXPECT_EQ(Spec()["leaseTransitions"], 1);

  ASSERT_THAT(a->Release(), IsOk());
  EXPECT_EQ(Spec()["holderIdentity"], "b") << "another's is not touched";
}

TEST_F(LeaseCandidateTest, AReleaseThatFailsIsStillTheEnd) {
  const auto a = Candidate("a");
  ASSERT_THAT(a->Try(true), IsOk());
  kube_.FailNext("get", absl::UnavailableError("away"));
  EXPECT_THAT(a->Release(), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_EQ(a->Term(), 0u);
}

TEST_F(LeaseCandidateTest, ALeaseThatSomebodyDeletedIsMadeAnewByItsHolder) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  ASSERT_THAT(a->Try(true), IsOk());
  clock_.Advance(kSecond);
  ASSERT_THAT(a->Try(true), IsOk());
  ASSERT_THAT(b->Try(true), IsOk());
  kube_.Remove(Leases("ns"), "lease");
  clock_.Advance(kSecond);
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 0u) << "a still leads";
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_EQ(a->Term(), 2u);
  kube_.Remove(Leases("ns"), "lease");
  clock_.Advance(absl::Seconds(7));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Term(), 1u) << "nobody was seen to renew it for eight seconds";
}

TEST_F(LeaseCandidateTest, OddContentIsFree) {
  const Json specs[] = {nullptr,
                        Json::object(),
                        "text",
                        {{"holderIdentity", 5}},
                        {{"holderIdentity", nullptr}, {"leaseTransitions", "many"}}};
  for (const Json& spec : specs) {
    SCOPED_TRACE(spec.dump());
    kube_.Put(Leases("ns"), {{"metadata", {{"name", "lease"}}}, {"spec", spec}});
    const auto a = Candidate("a");
    EXPECT_THAT(a->Try(true), IsOk());
    EXPECT_EQ(a->Term(), 1u);
    EXPECT_EQ(Spec()["holderIdentity"], "a");
    EXPECT_EQ(Spec()["leaseTransitions"], 1);
  }
}

TEST_F(LeaseCandidateTest, MissingRightsAreSaid) {
  const auto a = Candidate("a");
  kube_.FailNext("get", absl::PermissionDeniedError("no right to get leases"));
  EXPECT_THAT(a->Try(true), StatusIs(absl::StatusCode::kPermissionDenied, _));
  EXPECT_EQ(a->Term(), 0u);
}

TEST_F(LeaseCandidateTest, TriesOnceASecondAndWhenARivalsTimeIsUp) {
  const auto a = Candidate("a");
  const auto b = Candidate("b");
  ASSERT_THAT(a->Try(true), IsOk());
  EXPECT_THAT(a->Pause(), AllOf(Ge(kSecond), Le(1.2 * kSecond)));
  clock_.Advance(absl::Milliseconds(700));
  EXPECT_THAT(a->Pause(), AllOf(Ge(0.3 * kSecond), Le(0.5 * kSecond))) << "from start to start";
  clock_.Advance(absl::Seconds(2));
  EXPECT_EQ(a->Pause(), absl::ZeroDuration());

  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_THAT(b->Pause(), Ge(kSecond));
  clock_.Advance(absl::Milliseconds(7400));
  ASSERT_THAT(b->Try(true), IsOk());
  EXPECT_EQ(b->Pause(), absl::Milliseconds(600));
  clock_.Advance(absl::Milliseconds(600));
  ASSERT_THAT(b->Try(false), IsOk());
  EXPECT_THAT(b->Pause(), Ge(kSecond)) << "not willing: no reason to hurry";
}

}  // namespace
}  // namespace jobexec::kube
