#include "common/runs/names.h"

#include <gtest/gtest.h>

#include "common/base/hash.h"

namespace jobexec::runs {
namespace {

// The sample event of the specification.
constexpr char kSource[] = "shipyard-controller";
constexpr char kId[] = "4fe1eed1-49e2-49a9-91af-a42c8b0f7811";

TEST(Names, AnchorFollowsFromSourceAndIdAlone) {
  EXPECT_EQ(AnchorName(EventHash(kSource, kId)), "jes-3b86cd6bf79642a53842ee86-000-001");
}

TEST(Names, SourceAndIdDoNotRunTogether) { EXPECT_NE(EventHash("a", "bc"), EventHash("ab", "c")); }

TEST(Names, MembersCarryThePlan) {
  EXPECT_EQ(MemberName("hash", 1, 12, "0123456789abcdef"), "jes-hash-001-012-01234567");
  EXPECT_EQ(TaskStem("hash", 0, 2), "jes-hash-000-002");
  EXPECT_EQ(RunName("hash", 3), "hash-003");
}

TEST(Names, LabelValuesAreLegal) {
  EXPECT_EQ(LabelValue("Some fancy action name ..."), "Some_fancy_action_name");
  EXPECT_EQ(LabelValue("--NameThat's not Compatible with k8s []{}///// a...."),
            "NameThat_s_not_Compatible_with_k8s_a");
  EXPECT_EQ(LabelValue("\xc3\xa9"), "");
  EXPECT_EQ(LabelValue("a/b:c@d"), "a_b_c_d");
  EXPECT_EQ(LabelValue(std::string(62, 'a') + "-b"), std::string(62, 'a'));
}

TEST(Names, AnswerIdsDifferByEverythingThatMatters) {
  const std::string id = AnswerId("inst", kSource, kId, "started");

  EXPECT_EQ(id, AnswerId("inst", kSource, kId, "started"));
  EXPECT_NE(id, AnswerId("inst", kSource, kId, "finished"));
  EXPECT_NE(id, AnswerId("other", kSource, kId, "started"));
}

TEST(LeaseName, IsALegalNameWhateverTheInstallationIsCalled) {
  EXPECT_EQ(LeaseName("intake", "jobexec"), "jobexec-intake-jobexec");
  EXPECT_EQ(LeaseName("intake", "a-1"), "jobexec-intake-a-1");
  EXPECT_EQ(LeaseName("intake", "Team_A"), "jobexec-intake." + Sha256Hex("Team_A").substr(0, 16));
}

}  // namespace
}  // namespace jobexec::runs
