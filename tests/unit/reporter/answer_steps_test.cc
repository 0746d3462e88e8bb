#include "reporter/answer_steps.h"

#include <gtest/gtest.h>

#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using testing::At;

runs::Ledger Parse(absl::string_view text) { return *runs::ParseLedger(text); }

// Steps are written as "publish", "look", "wait 5s", "mark LEDGER", "intend LEDGER", "give up".
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
    case Step::Kind::kGiveUp:
      return "give up";
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

constexpr absl::Duration kElapsed = absl::Seconds(1000);

// The ledger as it stands `age` seconds after an intention was written; intentions of "me" are
// ours.
StepInput Intentions(Transport transport, Answer answer, absl::string_view ledger, int age = 0) {
  StepInput input;
  input.answer = answer;
  input.transport = transport;
  input.ledger = Parse(ledger);
  input.inherited = true;
  input.now = At(age);
  input.elapsed = kElapsed;
  input.holder = "me";
  return input;
}

constexpr char kFirst[] = "s?1:1700000000000:me";
constexpr char kTheirs[] = "s?1:1700000000000:other";
constexpr char kSecond[] = "f?2:1700000000000:me";

// Sent under the intention that the ledger shows, so many seconds ago.
StepInput SentAgo(StepInput input, int seconds) {
  NoteSent(input.ledger, kElapsed - absl::Seconds(seconds), input.memory);
  return input;
}

StepInput Absent(StepInput input, int first_ago, int last_ago, bool from_event_store = false) {
  NoteAbsent(kElapsed - absl::Seconds(first_ago), from_event_store, input.memory);
  if (last_ago != first_ago) {
    NoteAbsent(kElapsed - absl::Seconds(last_ago), from_event_store, input.memory);
  }
  return input;
}

StepInput LookFailed(StepInput input) {
  input.memory.sent->look_failed = true;
  return input;
}

StepInput Unused(StepInput input, bool refused = false) {
  input.memory.unused_intent = input.ledger;
  input.memory.refused = refused;
  return input;
}

// The rules that a sink and Keptn share.
TEST(AnswerSteps, Intentions) {
  const Answer s = Answer::kStarted;
  const Answer f = Answer::kFinished;
  for (const Transport transport : {Transport::kHttp, Transport::kKeptn}) {
    const auto at = [&](Answer answer, absl::string_view ledger, int age = 0) {
      return Intentions(transport, answer, ledger, age);
    };
    const struct {
      const char* name;
      StepInput input;
      const char* step;
    } cases[] = {
        {"nothing said", at(s, "-"), "intend s?1:1700000000000:me"},
        {"started is marked", at(f, "s", 1), "intend f?1:1700000001000:me"},
        {"started is stored or given up, not marked", at(f, kFirst, 1),
         "intend f?1:1700000001000:me"},
        {"written, nothing sent", Unused(at(s, kFirst, 300)), "publish"},
        {"sent, of unknown fate", SentAgo(at(s, kFirst, 10), 10), "wait 35s"},
        {"sent again long after it was written", SentAgo(at(s, kFirst, 600), 10), "wait 35s"},
        {"somebody else's, just seen", SentAgo(at(s, kTheirs, 600), 0), "wait 45s"},
        {"somebody else's, never noted", at(s, kTheirs, 600), "wait 45s"},
    };
    for (const auto& test : cases) {
      SCOPED_TRACE(test.name);
      EXPECT_EQ(Describe(NextStep(test.input)), test.step);
    }
  }
}

TEST(AnswerSteps, ASinkGetsWhatMayBeLostAgain) {
  const Transport http = Transport::kHttp;
  const struct {
    const char* name;
    StepInput input;
    const char* step;
  } cases[] = {
      {"settled", SentAgo(Intentions(http, Answer::kStarted, kFirst, 45), 45),
       "intend s?2:1700000045000:me"},
      {"the second one settled", SentAgo(Intentions(http, Answer::kFinished, kSecond, 50), 45),
       "intend f?3:1700000050000:me"},
      {"refused", Unused(Intentions(http, Answer::kFinished, kSecond, 50), /*refused=*/true),
       "publish"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(NextStep(test.input)), test.step);
  }
}

TEST(AnswerSteps, KeptnIsAskedBeforeItGetsAnythingAgain) {
  const auto sent = [](int age) {
    return SentAgo(Intentions(Transport::kKeptn, Answer::kStarted, kFirst, age), 60);
  };
  const bool store = true;
  const struct {
    const char* name;
    StepInput input;
    const char* step;
  } cases[] = {
      {"settled", sent(60), "look"},
      {"absent once", Absent(sent(60), 5, 5), "wait 10s"},
      {"absent once, a while ago", Absent(sent(60), 15, 15), "look"},
      {"absent twice", Absent(sent(60), 15, 0), "intend s?2:1700000060000:me"},
      {"absent twice, too soon", Absent(sent(60), 16, 2), "look"},
      {"absent twice, too long ago", Absent(sent(60), 100, 31), "look"},
      {"the event store has it not", Absent(sent(60), 20, 20, store), "wait 10s"},
      {"twice, too soon", Absent(sent(60), 29, 0, store), "wait 1s"},
      {"twice", Absent(sent(60), 30, 0, store), "intend s?2:1700000060000:me"},
      {"once the one, once the other", Absent(Absent(sent(60), 20, 20, store), 0, 0), "wait 10s"},
      {"the look failed", LookFailed(sent(60)), "look"},
      {"after an absent one the look failed", LookFailed(Absent(sent(60), 16, 16)), "look"},
      {"refused: perhaps nobody waits for it",
       Unused(Intentions(Transport::kKeptn, Answer::kStarted, kFirst), /*refused=*/true), "look"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(NextStep(test.input)), test.step);
  }
}

// A second .started would let the sequence hang for ever, a second .finished does no harm by then.
TEST(AnswerSteps, WhatNobodyCanBeAskedAboutForLong) {
  const int limit = static_cast<int>(absl::ToInt64Seconds(kAskLimit));
  const auto sent = [](Answer answer, absl::string_view ledger, int ago) {
    return SentAgo(Intentions(Transport::kKeptn, answer, ledger, 7200), ago);
  };
  const Answer s = Answer::kStarted;
  const Answer f = Answer::kFinished;
  const struct {
    const char* name;
    StepInput input;
    const char* step;
  } cases[] = {
      {"a while ago", LookFailed(sent(s, kFirst, limit - 1)), "look"},
      {"the look worked", sent(s, kFirst, limit), "look"},
      {"started", LookFailed(sent(s, kFirst, limit)), "give up"},
      {"finished", LookFailed(sent(f, kSecond, limit)), "intend f?3:1700007200000:me"},
      {"finished, a while ago", LookFailed(sent(f, kSecond, limit - 1)), "look"},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    EXPECT_EQ(Describe(NextStep(test.input)), test.step);
  }
}

TEST(AnswerSteps, WhatIsGivenUpStaysSo) {
  StepInput input = Intentions(Transport::kKeptn, Answer::kStarted, kFirst, 5);
  EXPECT_FALSE(IsSettled(input.memory));
  input.memory.given_up = true;
  EXPECT_TRUE(IsSettled(input.memory));
  EXPECT_EQ(Describe(NextStep(input)), "give up");
}

TEST(AnswerSteps, StoredMeansMark) {
  for (const Transport transport : {Transport::kJetStream, Transport::kHttp, Transport::kKeptn}) {
    StepInput input = Intentions(transport, Answer::kFinished, kSecond);
    input.memory.stored = 0;
    EXPECT_TRUE(IsSettled(input.memory));
    EXPECT_EQ(Describe(NextStep(input)), "mark f");
  }
}

// The reply to our intent was lost and it never arrived; a later one of somebody else stands there.
TEST(AnswerSteps, NothingIsSentUnderAnIntentionOfSomebodyElse) {
  StepInput input = Intentions(Transport::kKeptn, Answer::kStarted, "s?2:1700000000000:other", 10);
  input.memory.unused_intent = Parse(kFirst);
  NoteSeen(input.answer, input.ledger, kElapsed - absl::Seconds(10), input.memory);
  EXPECT_EQ(Describe(NextStep(input)), "wait 35s");
}

TEST(AnswerSteps, AnIntentionCountsFromWhenItWasFirstSeen) {
  AnswerMemory memory;
  const auto see = [&](Answer answer, absl::string_view ledger, int elapsed) {
    NoteSeen(answer, Parse(ledger), absl::Seconds(elapsed), memory);
    return memory.sent.has_value() ? memory.sent->since : absl::InfiniteDuration();
  };
  EXPECT_EQ(see(Answer::kStarted, "-", 1), absl::InfiniteDuration());
  EXPECT_EQ(see(Answer::kFinished, kTheirs, 2), absl::InfiniteDuration()) << "not this answer's";
  EXPECT_EQ(see(Answer::kStarted, kTheirs, 3), absl::Seconds(3));
  EXPECT_EQ(see(Answer::kStarted, kTheirs, 4), absl::Seconds(3));
  EXPECT_EQ(see(Answer::kStarted, "s?2:1700000000000:other", 5), absl::Seconds(5));
  memory.unused_intent = Parse(kFirst);
  EXPECT_EQ(see(Answer::kStarted, kFirst, 6), absl::Seconds(5)) << "nothing is sent under it yet";
}

TEST(AnswerSteps, ASecondSendingMakesWhatWasLearntOfTheFirstWorthless) {
  AnswerMemory memory;
  NoteSent(Parse(kFirst), absl::Seconds(1), memory);
  NoteAbsent(absl::Seconds(50), false, memory);
  NoteSent(Parse(kFirst), absl::Seconds(60), memory);
  EXPECT_EQ(memory.sent, (Sent{.intent = Parse(kFirst), .since = absl::Seconds(60)}));
}

// The ledger keeps milliseconds: what is written has to compare equal to what is read back.
TEST(AnswerSteps, IntentsSurviveTheLedger) {
  StepInput input = Intentions(Transport::kHttp, Answer::kStarted, "-");
  input.now += absl::Nanoseconds(123456789);
  const runs::Ledger intent = NextStep(input).ledger;
  EXPECT_EQ(Parse(runs::FormatLedger(intent)), intent);
}

}  // namespace
}  // namespace jobexec::reporter
