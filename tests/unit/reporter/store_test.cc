#include "reporter/store.h"

#include <gmock/gmock.h>

#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;
using namespace testing;  // NOLINT: builders of this folder

JobView Versioned(JobView view, const char* version) {
  view.record.resource_version = version;
  return view;
}

JobView TheAnchor() { return Anchor({Entry(0, 1)}); }

TEST(Store, UnknownEvents) { EXPECT_FALSE(Store().Get(kHash).has_value()); }

TEST(Store, KeepsTheNewestVersion) {
  Store store;
  store.ApplyJob(Versioned(WithLedger(TheAnchor(), "s:5"), "100"), false);
  store.ApplyJob(Versioned(TheAnchor(), "99"), false);
  EXPECT_EQ(store.Get(kHash)->jobs[0]->record.ledger.sequence, 5u)
      << "the watch lags behind the reply to our patch";
  store.ApplyJob(Versioned(WithLedger(TheAnchor(), "f:6"), "101"), false);
  EXPECT_EQ(store.Get(kHash)->jobs[0]->record.ledger.sequence, 6u);
}

TEST(Store, OnlyAnchorsOfTheFirstListAreInherited) {
  Store store;
  store.ApplyJob(Member(0, 2), true);
  EXPECT_FALSE(store.Get(kHash)->inherited);
  store.ApplyJob(TheAnchor(), false);
  EXPECT_FALSE(store.Get(kHash)->inherited);
  store.ApplyJob(TheAnchor(), true);
  EXPECT_TRUE(store.Get(kHash)->inherited);
}

TEST(Store, ADeletedJobKeepsItsLastState) {
  Store store;
  store.ApplyJob(Versioned(TheAnchor(), "10"), false);
  store.RemoveJob(Versioned(Passed(TheAnchor()), "12"));
  store.ApplyJob(Versioned(TheAnchor(), "11"), false);

  const EventSnapshot snapshot = *store.Get(kHash);
  ASSERT_THAT(snapshot.jobs, SizeIs(1));
  EXPECT_TRUE(snapshot.jobs[0]->gone);
  EXPECT_EQ(snapshot.jobs[0]->verdict, JobView::Verdict::kPassed);
}

TEST(Store, TheSameEventAnewStartsANewLife) {
  Store store;
  store.ApplyJob(TheAnchor(), true);
  store.RemoveJob(TheAnchor());
  JobView again = TheAnchor();
  again.record.uid = "again";
  store.ApplyJob(again, false);

  const EventSnapshot snapshot = *store.Get(kHash);
  ASSERT_THAT(snapshot.jobs, SizeIs(1));
  EXPECT_FALSE(snapshot.jobs[0]->gone);
  EXPECT_FALSE(snapshot.inherited);
}

TEST(Store, ANewLifeThatIsInAListIsInheritedToo) {
  Store store;
  store.ApplyJob(TheAnchor(), false);
  store.RemoveJob(TheAnchor());
  JobView again = TheAnchor();
  again.record.uid = "again";
  store.ApplyJob(again, true);
  EXPECT_TRUE(store.Get(kHash)->inherited);
}

TEST(Store, ConfirmsThatAJobIsGone) {
  Store store;
  store.ApplyJob(Member(0, 2), false);
  store.ConfirmGone(kHash, "jobs", JobName(0, 2));
  store.ConfirmGone(kHash, "jobs", JobName(0, 3));
  const EventSnapshot snapshot = *store.Get(kHash);
  ASSERT_THAT(snapshot.jobs, SizeIs(2));
  EXPECT_TRUE(snapshot.jobs[0]->gone);
  EXPECT_EQ(snapshot.jobs[0]->record.uid, "uid-0-2");
  EXPECT_TRUE(snapshot.jobs[1]->gone);
  EXPECT_EQ(snapshot.jobs[1]->record.name, JobName(0, 3));
}

TEST(Store, AListShowsWhatWasDeletedMeanwhile) {
  Store store;
  store.ApplyJob(Versioned(TheAnchor(), "10"), false);
  store.ApplyJob(Versioned(Member(0, 2), "11"), false);
  store.ApplyJob(Versioned(Member(0, 3), "31"), false);
  JobView elsewhere = Versioned(Member(0, 4), "10");
  elsewhere.record.name_space = "other";
  store.ApplyJob(elsewhere, false);

  const std::vector<std::string> changed = store.RetainJobs("jobs", {"uid-0-1"}, "30");

  EXPECT_THAT(changed, ElementsAre(kHash));
  const EventSnapshot snapshot = *store.Get(kHash);
  EXPECT_FALSE(snapshot.jobs[0]->gone);
  EXPECT_TRUE(snapshot.jobs[1]->gone);
  EXPECT_FALSE(snapshot.jobs[2]->gone) << "newer than the list";
  EXPECT_FALSE(snapshot.jobs[3]->gone) << "another namespace";
  EXPECT_THAT(store.RetainJobs("jobs", {"uid-0-1"}, "30"), IsEmpty());
}

TEST(Store, PodsWaitForTheirJob) {
  Store store;
  const PodView pod = Pod(Member(0, 2));
  store.ApplyPod(pod);
  EXPECT_THAT(store.Get(kHash)->pods, SizeIs(1));
  store.ApplyJob(Member(0, 2), false);
  EXPECT_THAT(store.Get(kHash)->pods, SizeIs(1));
}

TEST(Store, PodsGoForGood) {
  Store store;
  const PodView pod = Pod(Member(0, 2));
  store.ApplyPod(pod);
  store.RemovePod(pod);
  EXPECT_FALSE(store.Get(kHash).has_value());
  store.ApplyPod(pod);
  EXPECT_THAT(store.RetainPods("", {}, "50"), ElementsAre(kHash));
  EXPECT_FALSE(store.Get(kHash).has_value());
}

TEST(Store, DropForgetsOnlyWhatIsGone) {
  Store store;
  store.ApplyJob(TheAnchor(), false);
  store.Drop(kHash);
  EXPECT_TRUE(store.Get(kHash).has_value());
  store.RemoveJob(TheAnchor());
  store.Drop(kHash);
  EXPECT_FALSE(store.Get(kHash).has_value());
}

TEST(Store, DropGoneLeavesWhatIsThere) {
  Store store;
  store.ApplyJob(TheAnchor(), false);
  store.ApplyJob(Member(0, 2), false);
  store.RemoveJob(TheAnchor());
  store.DropGone(kHash);
  ASSERT_THAT(store.Get(kHash)->jobs, SizeIs(1));
  EXPECT_EQ(store.Get(kHash)->jobs[0]->record.uid, "uid-0-2");
  store.RemoveJob(Member(0, 2));
  store.DropGone(kHash);
  EXPECT_FALSE(store.Get(kHash).has_value());
  store.DropGone("unknown");
}

TEST(Store, DropAllGoneTellsWhichEventsAreLeft) {
  Store store;
  JobView other = TheAnchor();
  other.record.event_hash = "other";
  JobView pod_owner = TheAnchor();
  pod_owner.record.event_hash = "third";
  store.ApplyJob(TheAnchor(), false);
  store.ApplyJob(other, false);
  store.RemoveJob(other);
  store.RemoveJob(pod_owner);
  PodView pod = Pod(TheAnchor());
  pod.event_hash = "third";
  store.ApplyPod(pod);

  EXPECT_THAT(store.DropAllGone(), UnorderedElementsAre(kHash, "third"));
  EXPECT_FALSE(store.Get("other").has_value());
  EXPECT_THAT(store.Get("third")->jobs, IsEmpty());
}

TEST(Store, VisitsAnchors) {
  Store store;
  store.ApplyJob(TheAnchor(), false);
  store.ApplyJob(Member(0, 2), false);
  int anchors = 0;
  store.ForEachAnchor([&](const JobPtr&) { ++anchors; });
  EXPECT_EQ(anchors, 1);
}

}  // namespace
}  // namespace jobexec::reporter
