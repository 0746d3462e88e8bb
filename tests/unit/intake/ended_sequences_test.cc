#include "intake/ended_sequences.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/manual_clock.h"
#include "tests/support/poll.h"

namespace jobexec::intake {
namespace {

using ::jobexecutor::v1::CancelledEvent;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// Keeps what it is asked and answers as the test wants.
class FakeCanceller final : public RunCanceller {
 public:
  void Cancel(CancelRunsRequest request, Done done) override {
    absl::StatusOr<CancelRunsResponse> answer;
    {
      absl::MutexLock lock(&mutex_);
      requests_.push_back(std::move(request));
      answer = answer_;
    }
    std::move(done)(std::move(answer));
  }
  void AnswerWith(absl::StatusOr<CancelRunsResponse> answer) {
    absl::MutexLock lock(&mutex_);
    answer_ = std::move(answer);
  }
  std::vector<CancelRunsRequest> Requests() {
    absl::MutexLock lock(&mutex_);
    return requests_;
  }

 private:
  absl::Mutex mutex_;
  absl::StatusOr<CancelRunsResponse> answer_ ABSL_GUARDED_BY(mutex_) =
      absl::NotFoundError("nothing");
  std::vector<CancelRunsRequest> requests_ ABSL_GUARDED_BY(mutex_);
};

CancelRunsResponse Marked(int events) {
  CancelRunsResponse response;
  for (int i = 0; i < events; ++i) {
    response.add_events()->set_result(CancelledEvent::RESULT_MARKED);
  }
  response.add_events()->set_result(CancelledEvent::RESULT_ENDED);
  return response;
}

class EndedSequencesTest : public ::testing::Test {
 protected:
  static cloudevents::Event Event(const std::string& type, const std::string& context,
                                  absl::Time time, const std::string& data) {
    cloudevents::Event event;
    event.set_id(type);
    event.set_type(type);
    event.set_text_data(data);
    cloudevents::SetAttribute(event, "shkeptncontext", context);
    cloudevents::SetAttribute(event, "time",
                              absl::FormatTime(absl::RFC3339_full, time, absl::UTCTimeZone()));
    return event;
  }
  cloudevents::Event End(const std::string& status, const std::string& result,
                         const std::string& context = "ctx") {
    return Event("sh.keptn.event.dev.delivery.finished", context, end_time_,
                 absl::StrCat(R"({"project":"shop","stage":"dev","service":"cart","status":")",
                              status, R"(","result":")", result, R"("})"));
  }
  cloudevents::Event Triggered(absl::Duration before_end, const std::string& stage = "dev",
                               const std::string& context = "ctx") {
    return Event("sh.keptn.event.deploy.triggered", context, end_time_ - before_end,
                 absl::StrCat(R"({"project":"shop","stage":")", stage, R"(","service":"cart"})"));
  }
  // What Finished says: true if the source may forget the event.
  bool Finish(EndedSequences& ends, const cloudevents::Event& event) {
    std::optional<bool> answer;
    ends.Finished(event, [&answer](bool done) { answer = done; });
    EXPECT_TRUE(answer.has_value());
    return answer.value_or(false);
  }
  bool Finish(const cloudevents::Event& event) { return Finish(ends_, event); }

  testing::FakeClock clock_;
  const absl::Time end_time_ = clock_.TimeNow() + absl::Milliseconds(500);
  Metrics metrics_;
  FakeCanceller canceller_;
  EndedSequences ends_{{}, canceller_, clock_, metrics_};
};

TEST_F(EndedSequencesTest, AnAbortCancelsWhatTheSequenceLeftBehind) {
  canceller_.AnswerWith(Marked(2));

  EXPECT_TRUE(Finish(End("aborted", "pass")));

  ASSERT_THAT(canceller_.Requests(), SizeIs(1));
  const CancelRunsRequest request = canceller_.Requests()[0];
  EXPECT_EQ(request.sequence().keptn_context(), "ctx");
  EXPECT_EQ(request.sequence().project(), "shop");
  EXPECT_EQ(request.sequence().stage(), "dev");
  EXPECT_EQ(request.sequence().service(), "cart");
  EXPECT_EQ(request.sequence().before().seconds(), absl::ToUnixSeconds(end_time_));
  EXPECT_EQ(request.sequence().before().nanos(), 500'000'000);
  EXPECT_TRUE(request.sequence().include_silent());
  EXPECT_EQ(request.requested_by(), "Keptn");
  EXPECT_EQ(request.reason(),
            "sequence delivery of shop/dev/cart has ended (status aborted, result pass)");
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("jobexec_intake_sequence_ends_total{result=\"cancelled\"} 1\n"));
}

TEST_F(EndedSequencesTest, AFailureLeavesSilentRunsAlone) {
  EXPECT_TRUE(Finish(End("errored", "fail")));

  ASSERT_THAT(canceller_.Requests(), SizeIs(1));
  EXPECT_FALSE(canceller_.Requests()[0].sequence().include_silent());
  EXPECT_THAT(metrics_.Text(),
              HasSubstr("jobexec_intake_sequence_ends_total{result=\"nothing\"} 1\n"));
}

TEST_F(EndedSequencesTest, ASequenceThatWentWellCostsNothing) {
  EXPECT_TRUE(Finish(End("succeeded", "pass")));
  EXPECT_TRUE(Finish(End("succeeded", "warning")));

  EXPECT_THAT(canceller_.Requests(), IsEmpty());
  EXPECT_FALSE(ends_.HasEnded(Triggered(absl::Seconds(1))));
}

TEST_F(EndedSequencesTest, WhatCannotBeReadIsNotAskedForAgain) {
  cloudevents::Event broken = End("aborted", "pass");
  broken.set_text_data("{}");

  EXPECT_TRUE(Finish(broken));

  EXPECT_THAT(canceller_.Requests(), IsEmpty());
}

TEST_F(EndedSequencesTest, WithoutASchedulerTheSourceGivesItAgain) {
  canceller_.AnswerWith(absl::UnavailableError("no scheduler"));
  EXPECT_FALSE(Finish(End("aborted", "pass")));
  canceller_.AnswerWith(Marked(1));
  EXPECT_TRUE(Finish(End("aborted", "pass")));
  EXPECT_TRUE(Finish(End("aborted", "pass"))) << "a repeat";

  EXPECT_THAT(canceller_.Requests(), SizeIs(2));
}

TEST_F(EndedSequencesTest, WhatWillNeverWorkIsNotAskedForAgain) {
  canceller_.AnswerWith(absl::PermissionDeniedError("may not list Jobs"));

  EXPECT_TRUE(Finish(End("aborted", "pass")));

  EXPECT_THAT(metrics_.Text(),
              HasSubstr("jobexec_intake_sequence_ends_total{result=\"failed\"} 1\n"));
}

TEST_F(EndedSequencesTest, WhatWasTriggeredBeforeTheEndHasEnded) {
  Finish(End("aborted", "pass"));

  EXPECT_TRUE(ends_.HasEnded(Triggered(absl::Seconds(1))));
  EXPECT_FALSE(ends_.HasEnded(Triggered(absl::ZeroDuration())));
  EXPECT_FALSE(ends_.HasEnded(Triggered(-absl::Seconds(1)))) << "the next sequence of the stage";
  EXPECT_FALSE(ends_.HasEnded(Triggered(absl::Seconds(1), "prod")));
  EXPECT_FALSE(ends_.HasEnded(Triggered(absl::Seconds(1), "dev", "other")));
  cloudevents::Event no_time = Triggered(absl::Seconds(1));
  no_time.mutable_attributes()->erase("time");
  EXPECT_FALSE(ends_.HasEnded(no_time));
}

TEST_F(EndedSequencesTest, AnEndIsForgottenAfterAWhile) {
  Finish(End("aborted", "pass"));
  clock_.Advance(absl::Minutes(15) - absl::Seconds(1));
  EXPECT_TRUE(ends_.HasEnded(Triggered(absl::Seconds(1))));
  clock_.Advance(absl::Seconds(1));
  EXPECT_FALSE(ends_.HasEnded(Triggered(absl::Seconds(1))));
}

TEST_F(EndedSequencesTest, NotMoreThanSoManyAreKept) {
  EndedSequences ends({.max_kept = 2}, canceller_, clock_, metrics_);
  for (const char* context : {"a", "b", "c"}) Finish(ends, End("aborted", "pass", context));

  EXPECT_FALSE(ends.HasEnded(Triggered(absl::Seconds(1), "dev", "a")));
  EXPECT_TRUE(ends.HasEnded(Triggered(absl::Seconds(1), "dev", "b")));
  EXPECT_TRUE(ends.HasEnded(Triggered(absl::Seconds(1), "dev", "c")));
}

TEST_F(EndedSequencesTest, TheCancelIsRepeatedForWhatWasJustBeingSubmitted) {
  testing::ManualClock clock;
  EndedSequences ends({.tick = absl::Milliseconds(1)}, canceller_, clock, metrics_);
  Finish(ends, End("aborted", "pass"));
  absl::Notification stop;
  std::thread thread([&] { ends.Run(stop); });
  const auto asked = [&](size_t times) {
    return testing::PollUntil([&] { return canceller_.Requests().size() == times; },
                              absl::Seconds(30));
  };

  clock.Advance(absl::Seconds(5));
  EXPECT_TRUE(asked(2));
  clock.Advance(absl::Seconds(60));
  EXPECT_TRUE(asked(3));
  clock.Advance(absl::Minutes(5));
  stop.Notify();
  thread.join();

  ASSERT_THAT(canceller_.Requests(), SizeIs(3));
  EXPECT_EQ(canceller_.Requests()[2].sequence().keptn_context(), "ctx");
}

}  // namespace
}  // namespace jobexec::intake
