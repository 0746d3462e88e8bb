#include "intake/submission_window.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace jobexec::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr absl::Duration kNow = absl::Seconds(1000);

class SubmissionWindowTest : public ::testing::Test {
 protected:
  void Add(const std::string& id, absl::Duration lifetime = absl::Seconds(60)) {
    EventSubmission submission;
    submission.mutable_event()->set_id(id);
    window_.Add(std::move(submission), kNow + lifetime,
                [this, id](const EventOutcome&) { answered_.push_back(id); });
  }

  // "id:sequence" of everything that may be written now.
  std::vector<std::string> WriteAll() {
    std::vector<std::string> written;
    while (const auto next = window_.NextToWrite()) {
      written.push_back(next->event().id() + ":" + std::to_string(next->sequence()));
    }
    return written;
  }

  void Run(std::vector<SubmissionWindow::Callback> callbacks) {
    for (auto& callback : callbacks) std::move(callback)(EventOutcome());
  }

  // True if a callback waited for the answer.
  bool Answer(uint64_t sequence) {
    auto answered = window_.TakeAnswered(sequence);
    if (answered.done) std::move (*answered.done)(EventOutcome());
    return answered.done.has_value();
  }

  SubmissionWindow window_{/*capacity=*/4, /*credits=*/3};
  std::vector<std::string> answered_;
};

TEST_F(SubmissionWindowTest, WritesInOrderWithoutGapsUntilCreditsEnd) {
  for (const char* id : {"a", "b", "c", "d"}) Add(id);

  EXPECT_TRUE(window_.Full());
  EXPECT_THAT(WriteAll(), ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_THAT(WriteAll(), IsEmpty());

  EXPECT_TRUE(Answer(2));
  EXPECT_FALSE(window_.Full());
  EXPECT_THAT(WriteAll(), ElementsAre("d:4"));
  EXPECT_THAT(answered_, ElementsAre("b"));
}

TEST_F(SubmissionWindowTest, NothingToWriteWhenEmpty) {
  EXPECT_TRUE(window_.Empty());
  EXPECT_THAT(WriteAll(), IsEmpty());
}

TEST_F(SubmissionWindowTest, ANewStreamGetsTheUndecidedInOrderWithNewNumbers) {
  for (const char* id : {"a", "b", "c", "d"}) Add(id);
  WriteAll();
  Answer(2);

  window_.StartStream();

  EXPECT_THAT(WriteAll(), ElementsAre("a:1", "c:2", "d:3"));
  EXPECT_TRUE(Answer(2));
  EXPECT_THAT(answered_, ElementsAre("b", "c"));
}

TEST_F(SubmissionWindowTest, AnswersOfNobodyAreUnknown) {
  Add("a");
  EXPECT_FALSE(window_.TakeAnswered(1).known);  // not written yet
  WriteAll();

  EXPECT_FALSE(window_.TakeAnswered(0).known);
  EXPECT_FALSE(window_.TakeAnswered(2).known);
  EXPECT_TRUE(Answer(1));
  EXPECT_FALSE(window_.TakeAnswered(1).known);  // a second time
  EXPECT_THAT(answered_, ElementsAre("a"));
}

TEST_F(SubmissionWindowTest, ExpiredOnesKeepTheirCreditUntilTheAnswer) {
  Add("a", absl::Seconds(10));
  Add("b", absl::Seconds(20));
  Add("c", absl::Seconds(30));
  WriteAll();

  Run(window_.TakeExpired(kNow + absl::Seconds(20)));
  EXPECT_THAT(answered_, ElementsAre("a", "b"));
  Add("d");
  EXPECT_THAT(WriteAll(), IsEmpty());

  const auto late = window_.TakeAnswered(1);
  EXPECT_TRUE(late.known);
  EXPECT_FALSE(late.done.has_value());
  EXPECT_THAT(WriteAll(), ElementsAre("d:4"));
}

TEST_F(SubmissionWindowTest, ExpiredOnesAreNotWritten) {
  Add("a", absl::Seconds(10));
  Add("b");
  Run(window_.TakeExpired(kNow + absl::Seconds(10)));

  EXPECT_THAT(WriteAll(), ElementsAre("b:1"));
}

TEST_F(SubmissionWindowTest, TakeAllEmptiesIt) {
  Add("a");
  Add("b");
  WriteAll();

  Run(window_.TakeAll());

  EXPECT_TRUE(window_.Empty());
  EXPECT_THAT(answered_, ElementsAre("a", "b"));
}

TEST_F(SubmissionWindowTest, StalledOnlyWhenTheSchedulerOwesAnAnswer) {
  const absl::Duration patience = absl::Seconds(5);
  Add("a", absl::Seconds(10));
  const absl::Duration late = kNow + absl::Seconds(16);
  EXPECT_FALSE(window_.Stalled(late, patience));  // not written
  WriteAll();

  EXPECT_FALSE(window_.Stalled(kNow + absl::Seconds(15), patience));
  EXPECT_TRUE(window_.Stalled(late, patience));
  Run(window_.TakeExpired(late));
  EXPECT_TRUE(window_.Stalled(late, patience));  // given up, still owed
  window_.TakeAnswered(1);
  EXPECT_FALSE(window_.Stalled(late, patience));
}

TEST_F(SubmissionWindowTest, ASubmissionOutlivesItsAnswerWhileItIsWritten) {
  Add("a");
  const auto in_flight = window_.NextToWrite();

  Run(window_.TakeAll());

  EXPECT_EQ(in_flight->event().id(), "a");
}

}  // namespace
}  // namespace jobexec::intake
