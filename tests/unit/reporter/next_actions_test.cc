#include "reporter/next_actions.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using namespace testing;  // NOLINT: builders of this folder

// "release 0-2, started": the actions by kind and Job, in order.
std::string Describe(const Decision& decision) {
  std::vector<std::string> words;
  for (const Action& action : decision.actions) {
    const std::string job = action.job == nullptr ? action.name : action.job->record.uid;
    switch (action.kind) {
      case Action::Kind::kConfirm:
        words.push_back(absl::StrCat("confirm ", job));
        break;
      case Action::Kind::kRelease:
        words.push_back(absl::StrCat("release ", job));
        break;
      case Action::Kind::kStop:
        words.push_back(absl::StrCat("stop ", job, " (", action.why, ")"));
        break;
      case Action::Kind::kDelete:
        words.push_back(absl::StrCat("delete ", job));
        break;
      case Action::Kind::kSayStarted:
        words.push_back("started");
        break;
      case Action::Kind::kSayFinished:
        words.push_back("finished");
        break;
      case Action::Kind::kLetGo:
        words.push_back(absl::StrCat("let go ", job));
        break;
    }
  }
  if (decision.over) words.push_back("over");
  return absl::StrJoin(words, ", ");
}

JobView LetGo(JobView view) {
  view.record.has_answer_finalizer = false;
  return view;
}

JobView Refusal() {
  JobView view = Passed(Anchor({}));
  view.record.role = runs::Role::kRecord;
  view.record.refused = true;
  return view;
}

struct Case {
  const char* name;
  std::vector<JobView> jobs;
  const char* actions;
  bool started_stored = false;
  absl::Time now = At(120);
};

std::vector<Case> OneTaskCases() {
  const JobView job = Anchor({Entry(0, 1)});
  return {
      {"seen", {job}, "started"},
      {"already ended, nothing said", {Passed(job)}, "started"},
      {"started, runs", {WithLedger(job, "s:5")}, ""},
      {"started known, mark not written", {job}, "started", true},
      {"ended, started known: both marks become one", {Passed(job)}, "finished", true},
      {"intent written", {WithLedger(job, "s?1:1700000000000:me")}, "started"},
      {"ended", {Passed(WithLedger(job, "s:5"))}, "finished"},
      {"failed", {Failed(WithLedger(job, "s"))}, "finished"},
      {"finished intended", {Passed(WithLedger(job, "f?2:1700000000000:me"))}, "finished"},
      {"answered, held", {Passed(WithLedger(job, "f:9"))}, "let go uid-0-1"},
      {"answered, let go", {LetGo(Passed(WithLedger(job, "f:9")))}, ""},
      {"answered and removed", {Gone(LetGo(Passed(WithLedger(job, "f:9"))))}, "over"},
      {"torn off unanswered", {Gone(job)}, "started"},
      {"torn off after started", {Gone(WithLedger(job, "s:5"))}, "finished"},
      {"no answer owed, held", {WithLedger(job, "none")}, ""},
      {"no answer owed, ended", {Passed(WithLedger(job, "none"))}, "let go uid-0-1"},
      {"no answer owed, not held", {LetGo(Passed(WithLedger(job, "none")))}, ""},
      {"no answer owed, removed", {Gone(LetGo(Passed(WithLedger(job, "none"))))}, "over"},
      {"refused", {Refusal()}, "started"},
      {"refused, started", {WithLedger(Refusal(), "s:5")}, "finished"},
      {"deleted by hand, answered", {Deleting(WithLedger(job, "f:9"), 60)}, "let go uid-0-1"},
  };
}

std::vector<Case> ChainCases() {
  const JobView plain = Anchor({Entry(0, 1), Entry(0, 2)});
  const JobView first = WithLedger(plain, "s:5");
  const JobView done = Passed(WithLedger(plain, "f:9"));
  const JobView second = Member(0, 2);
  const JobView other_name = [&] {
    JobView view = Member(0, 3);
    view.record.plan = "ffffffff";
    return view;
  }();
  return {
      {"first runs", {first, second}, ""},
      {"first passed", {Passed(first), second}, "release uid-0-2"},
      {"first passed, nothing said yet", {Passed(plain), second}, "release uid-0-2, started"},
      {"second runs", {Passed(first), Released(second)}, ""},
      {"first failed", {Failed(first), second}, "delete uid-0-2, finished"},
      {"first failed, second removed", {Failed(first), Gone(second)}, "finished"},
      {"second not seen", {Passed(first)}, "confirm jes-3b86cd6bf79642a53842ee86-000-002-0a1b2c3d"},
      {"second deleted", {Passed(first), Gone(second)}, "finished"},
      {"both passed", {Passed(first), Passed(Released(second))}, "finished"},
      {"answered", {done, Passed(Released(second))}, "let go uid-0-2, let go uid-0-1"},
      {"answered, second removed before a restart", {done}, "let go uid-0-1"},
      {"answered, second planned again by a late submission",
       {Failed(WithLedger(plain, "f:9")), second},
       "delete uid-0-2, let go uid-0-1"},
      {"a member of a plan that lost", {first, second, other_name}, "delete uid-0-3"},
      {"members of a refused event",
       {WithLedger(Refusal(), "f:9"), second},
       "delete uid-0-2, let go uid-0-1"},
      {"no anchor yet", {second}, "", false, At(899)},
      {"no anchor after 15 minutes", {second}, "delete uid-0-2", false, At(900)},
      {"released, anchor lost while nobody looked",
       {Released(second)},
       "let go uid-0-2",
       false,
       At(900)},
      {"no anchor, all gone", {Gone(second)}, "over"},
  };
}

std::vector<Case> SeveralActionsCases() {
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView both = WithLedger(Anchor({Entry(0, 1), Entry(1, 1)}), "s:5");
  const JobView mixed = WithLedger(Anchor({Entry(0, 1), silent}), "s:5");
  const JobView mixed_done = Passed(WithLedger(mixed, "f:9"));
  const JobView second = Member(1, 1);
  return {
      {"the second action's first task", {both, second}, "release uid-1-1"},
      {"one of two ended", {Passed(both), Released(second)}, ""},
      {"one failed: the other goes on", {Failed(both), Released(second)}, ""},
      {"both ended", {Failed(both), Passed(Released(second))}, "finished"},
      {"a silent action does not hold the answer", {Passed(mixed), Released(second)}, "finished"},
      {"answered, silent goes on: the anchor is kept", {mixed_done, Released(second)}, ""},
      {"answered, silent ended",
       {mixed_done, Failed(Released(second))},
       "let go uid-1-1, let go uid-0-1"},
      {"answered, silent not seen",
       {mixed_done},
       "confirm jes-3b86cd6bf79642a53842ee86-001-001-0a1b2c3d"},
      {"answered, silent deleted", {mixed_done, Gone(Released(second))}, "let go uid-0-1"},
  };
}

void Check(const std::vector<Case>& cases) {
  for (const Case& test : cases) {
    SCOPED_TRACE(test.name);
    const Decision decision = NextActions(Fold(Snapshot(test.jobs)), test.started_stored, test.now);
    EXPECT_EQ(Describe(decision), test.actions);
  }
}

TEST(NextActions, OneTask) { Check(OneTaskCases()); }
TEST(NextActions, TasksInOrder) { Check(ChainCases()); }
TEST(NextActions, SeveralActions) { Check(SeveralActionsCases()); }

TEST(NextActions, OrphansAreLookedAtWhenTheirTimeIsOver) {
  const Decision decision = NextActions(Fold(Snapshot({Member(0, 2)})), false, At(100));
  EXPECT_EQ(decision.look_again, At(900));
}

TEST(NextActions, AnOverdueJobIsReadAgain) {
  JobView job = WithLedger(Anchor({Entry(0, 1)}), "s:5");
  job.start_time = At(10);
  job.deadline = absl::Seconds(30);

  const Decision early = NextActions(Fold(Snapshot({job})), false, At(99));
  const Decision late = NextActions(Fold(Snapshot({job})), false, At(100));

  EXPECT_EQ(Describe(early), "");
  EXPECT_EQ(early.look_again, At(100));
  EXPECT_EQ(Describe(late), "confirm uid-0-1");
  EXPECT_EQ(late.look_again, At(160));
}

TEST(NextActions, TimeToLive) {
  const JobView anchor = Passed(Anchor({Entry(0, 1)}), 100);
  JobView brief = anchor;
  brief.record.ttl_seconds = 60;
  JobView brief_member = Passed(Released(Member(0, 2)), 100);
  brief_member.record.ttl_seconds = 60;

  EXPECT_EQ(TtlOf(anchor, At(100)), 3600);
  EXPECT_EQ(TtlOf(brief, At(100)), 900) << "the anchor outlives every submission on its way";
  EXPECT_EQ(TtlOf(brief, At(160)), 960) << "counted from the answer, not from the Job's end";
  EXPECT_EQ(TtlOf(brief_member, At(160)), 60);
}

}  // namespace
}  // namespace jobexec::reporter
