#include "reporter/answer_steps.h"

#include <gtest/gtest.h>

#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using testing::At;

constexpr char kSent[] = "s?1:1700000000000:me";

runs::Ledger Parse(absl::string_view text) { return *runs::ParseLedger(text); }

// Steps are written as "publish", "look", "wait 5s", "mark LEDGER", "intend LEDGER".
std::string Describe(const Step& step) {
  switch (step.kind) {
    case Step::Kind::kLook:
      return "look";
    case Step::Kind::kIntend:
      return absl::StrCat("intend ", runs::FormatLedger(step.ledger));
    case Step::Kind::kPublish:
      return "publish";
    case Step::Kind::kMark:
      return absl::StrCat("mark ", runs::FormatLedger(step.ledger));
    case Step::Kind::kWait:
      return absl::StrCat("wait ", absl::FormatDuration(step.wait));
  }
  return "";
}

StepInput JetStream(Answer answer, bool inherited, AnswerMemory memory) {
  StepInput input;
  input.answer = answer;
  input.ledger = Parse(answer == Answer::kStarted ? "-" : "s:5");
  input.inherited = inherited;
  input.memory = memory;
  input.duplicate_window = absl::Minutes(2);
  input.elapsed = absl::Seconds(1000);
  return input;
}

AnswerMemory Stored(uint64_t sequence) { return {.stored = sequence}; }
AnswerMemory Looked(int at) { return {.looked = absl::Seconds(at)}; }
AnswerMemory Tried(int at) { return {.first_attempt = absl::Seconds(at)}; }

TEST(AnswerSteps, JetStream) {
  const Answer s = Answer::kStarted;
  const Answer f = Answer::kFinished;
  const struct {
    const char* name;
    StepInput input;
    const char* step;
  } cases[] = {
      {"mine", JetStream(s, false, {}), "publish"},
      {"mine, finished", JetStream(f, false, {}), "publish"},
      {"stored", JetStream(s, false, Stored(7)), "mark s:7"},
      {"finished stored", JetStream(f, true, Stored(9)), "mark f:9"},
      {"inherited", JetStream(s, true, {}), "look"},
      {"inherited, finished too", JetStream(f, true, {}), "look"},
      {"inherited, looked", JetStream(s, true, Looked(990)), "publish"},
      {"inherited, looked too long ago", JetStream(s, true, Looked(960)), "look"},
      {"no reply, inside half of the window", JetStream(s, false, Tried(941)), "publish"},
      {"no reply, at the end of it", JetStream(s, false, Tried(939)), "look"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(NextStep(test.input)), test.step);
  }
}

TEST(AnswerSteps, AnUnknownWindowMeansLook) {
  StepInput input = JetStream(Answer::kStarted, false, Tried(999));
  input.duplicate_window = absl::ZeroDuration();
  EXPECT_EQ(Describe(NextStep(input)), "look");
}

StepInput Http(Answer answer, absl::string_view ledger, absl::Time now) {
  StepInput input;
  input.answer = answer;
  input.transport = Transport::kHttp;
  input.ledger = Parse(ledger);
  input.inherited = true;
  input.now = now;
  input.holder = "me";
  return input;
}

TEST(AnswerSteps, Http) {
  const Answer s = Answer::kStarted;
  const Answer f = Answer::kFinished;
  const struct {
    const char* name;
    StepInput input;
    const char* step;
  } cases[] = {
      {"nothing said", Http(s, "-", At(0)), "intend s?1:1700000000000:me"},
      {"started is marked", Http(f, "s", At(1)), "intend f?1:1700000001000:me"},
      {"started is stored, its mark not", Http(f, kSent, At(1)), "intend f?1:1700000001000:me"},
      {"intent of unknown fate", Http(s, kSent, At(10)), "wait 35s"},
      {"intent found at take-over", Http(s, "s?1:1700000000000:other", At(44)), "wait 1s"},
      {"intent settled", Http(s, kSent, At(45)), "intend s?2:1700000045000:me"},
      {"second intent settled", Http(f, "f?2:1700000000000:me", At(50)),
       "intend f?3:1700000050000:me"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(NextStep(test.input)), test.step);
  }
}

TEST(AnswerSteps, HttpPostsUnderAnUnusedIntent) {
  StepInput input = Http(Answer::kStarted, kSent, At(300));
  input.memory.unused_intent = Parse(kSent);
  EXPECT_EQ(Describe(NextStep(input)), "publish");

  input.memory.stored = 0;
  EXPECT_EQ(Describe(NextStep(input)), "mark s");
}

// The reply to our intent was lost and it never arrived; a later one of somebody else stands there.
TEST(AnswerSteps, HttpDoesNotPostUnderAnotherIntent) {
  StepInput input = Http(Answer::kStarted, "s?2:1700000000000:other", At(10));
  input.memory.unused_intent = Parse(kSent);
  EXPECT_EQ(Describe(NextStep(input)), "wait 35s");
}

// The ledger keeps milliseconds: what is written has to compare equal to what is read back.
TEST(AnswerSteps, IntentsSurviveTheLedger) {
  const absl::Time now = At(0) + absl::Nanoseconds(123456789);
  const runs::Ledger intent = NextStep(Http(Answer::kStarted, "-", now)).ledger;
  EXPECT_EQ(Parse(runs::FormatLedger(intent)), intent);
}

}  // namespace
}  // namespace jobexec::reporter
