#include "intake/answered.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/runs/names.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Delivery MakeDelivery(EventSubmission::Via via, const std::string& data) {
  Delivery delivery{.via = via};
  delivery.event.set_id("e-1");
  delivery.event.set_source("shipyard-controller");
  delivery.event.set_type("sh.keptn.event.deploy.triggered");
  delivery.event.set_spec_version("1.0");
  cloudevents::SetAttribute(delivery.event, "shkeptncontext", "c-1");
  cloudevents::SetAttribute(delivery.event, "time", "2023-11-14T22:00:00Z");
  delivery.event.set_text_data(data);
  return delivery;
}

Delivery Offer() {
  return MakeDelivery(EventSubmission::VIA_KEPTN,
                      R"({"project":"shop","stage":"dev","service":"cart"})");
}

// Answers by the first part of the path that fits.
class FakeApi final : public keptn::Api {
 public:
  absl::StatusOr<keptn::Answer> Send(const keptn::Call& call) override {
    paths.push_back(call.path);
    for (const auto& [prefix, answer] : answers) {
      if (!absl::StartsWith(call.path, prefix)) continue;
      if (!answer.ok()) return answer.status();
      return keptn::Answer{.body = *answer};
    }
    return absl::NotFoundError("404");
  }
  absl::Status CheckReachable() const override { return absl::OkStatus(); }

  std::map<std::string, absl::StatusOr<std::string>> answers;
  std::vector<std::string> paths;
};

// What the controller says of a sequence whose current task waits for `triggered`.
std::string Execution(const std::string& triggered, const std::string& events) {
  return absl::StrCat(R"({"sequenceExecutions":[{"status":{"state":"started","currentTask":)",
                      R"({"triggeredID":")", triggered, R"(","events":[)", events, "]}}}]}");
}

constexpr char kController[] = "/v1/sequence-execution";
constexpr char kStore[] = "/event?";
constexpr char kStarted[] =
    R"({"eventType":"sh.keptn.event.deploy.started","source":"job-executor-service"})";

class KeptnAnsweredTest : public ::testing::Test {
 protected:
  FakeClock clock_;
  FakeApi api_;
  KeptnAnswered answered_{api_, "job-executor-service", clock_};
};

TEST_F(KeptnAnsweredTest, TheControllerKnowsWhatItCounted) {
  api_.answers[kController] = Execution("e-1", kStarted);
  EXPECT_EQ(answered_.WasAnswered(Offer()), absl::StatusOr<bool>(true));

  api_.answers[kController] = Execution("e-1", R"({"eventType":"other","source":"other"})");
  EXPECT_EQ(answered_.WasAnswered(Offer()), absl::StatusOr<bool>(false));
  EXPECT_THAT(api_.paths.back(), HasSubstr("keptnContext=c-1"));
}

TEST_F(KeptnAnsweredTest, AnOfferThatNobodyWaitsForIsNotBegun) {
  api_.answers[kController] = Execution("another", "");
  EXPECT_THAT(answered_.WasAnswered(Offer()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("waits for another")));

  Delivery posted = Offer();
  posted.via = EventSubmission::VIA_HTTP;
  EXPECT_EQ(answered_.WasAnswered(posted), absl::StatusOr<bool>(false));
}

TEST_F(KeptnAnsweredTest, OutagesAreNoAbsence) {
  api_.answers[kController] = absl::UnavailableError("503");
  EXPECT_THAT(answered_.WasAnswered(Offer()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("503")));
  EXPECT_THAT(api_.paths, SizeIs(1)) << "the store is asked only where the controller cannot tell";
}

TEST_F(KeptnAnsweredTest, TheStoreIsAskedTwiceWhereTheControllerCannotTell) {
  api_.answers[kStore] = R"({"events":[]})";
  EXPECT_THAT(answered_.WasAnswered(Offer()),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("once more")));
  clock_.Advance(absl::Seconds(29));
  EXPECT_FALSE(answered_.WasAnswered(Offer()).ok());
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(answered_.WasAnswered(Offer()), absl::StatusOr<bool>(false));

  api_.answers[kStore] = R"({"events":[{"triggeredid":"e-1"}]})";
  EXPECT_EQ(answered_.WasAnswered(Offer()), absl::StatusOr<bool>(true));
}

TEST_F(KeptnAnsweredTest, WhatIsNoneOfKeptnsIsNotAskedFor) {
  Delivery no_project = MakeDelivery(EventSubmission::VIA_HTTP, "{}");
  EXPECT_EQ(answered_.WasAnswered(no_project), absl::StatusOr<bool>(false));
  Delivery no_context = Offer();
  cloudevents::SetAttribute(no_context.event, "shkeptncontext", "");
  EXPECT_EQ(answered_.WasAnswered(no_context), absl::StatusOr<bool>(false));
  EXPECT_THAT(api_.paths, IsEmpty());
}

// A stream with one answer, to our event.
class FakeStream final : public nats::Connection {
 public:
  absl::StatusOr<nats::PublishAck> Publish(const std::string&, const std::string&,
                                           absl::string_view) override {
    return absl::UnimplementedError("");
  }
  absl::Status PublishPlain(const std::string&, absl::string_view) override {
    return absl::UnimplementedError("");
  }
  absl::StatusOr<bool> HasJetStream() override { return true; }
  absl::StatusOr<nats::StreamInfo> FindStream(const std::string& subject) override {
    subjects.push_back(subject);
    return info;
  }
  absl::Status Scan(const std::string& /*stream*/, const std::string& /*subject*/,
                    const nats::ScanStart& start,
                    absl::FunctionRef<void(uint64_t, absl::string_view)> on_message) override {
    starts.push_back(start);
    on_message(9, runs::AnswerId("jobexec", "shipyard-controller", "e-1", "started"));
    return absl::OkStatus();
  }
  absl::Status CheckConnected() override { return absl::OkStatus(); }
  void Abort() override {}

  absl::StatusOr<nats::StreamInfo> info = nats::StreamInfo{
      .name = "keptn", .first_sequence = 5, .last_sequence = 10, .first_time = absl::UnixEpoch()};
  std::vector<std::string> subjects;
  std::vector<nats::ScanStart> starts;
};

class FakeAnswered final : public Answered {
 public:
  absl::StatusOr<bool> WasAnswered(const Delivery& /*delivery*/) override { return answer; }
  bool answer = true;
};

class NatsAnsweredTest : public ::testing::Test {
 protected:
  static Delivery Message(uint64_t sequence) {
    Delivery delivery = Offer();
    delivery.via = EventSubmission::VIA_NATS;
    delivery.from_sequence = sequence;
    return delivery;
  }
  absl::StatusOr<bool> Ask(const Delivery& delivery, const std::string& installation = "jobexec",
                           Answered* fallback = nullptr) {
    nats::AnswerIndex index(stream_, clock_);
    return NatsAnswered(index, installation, fallback).WasAnswered(delivery);
  }

  FakeClock clock_;
  FakeStream stream_;
};

TEST_F(NatsAnsweredTest, LooksForOurAnswerFromTheEventOn) {
  EXPECT_EQ(Ask(Message(7)), absl::StatusOr<bool>(true));
  EXPECT_THAT(stream_.subjects, ElementsAre("sh.keptn.event.deploy.started"));
  EXPECT_EQ(stream_.starts.at(0).sequence, 7u);

  EXPECT_EQ(Ask(Message(7), "another"), absl::StatusOr<bool>(false));
}

TEST_F(NatsAnsweredTest, WithoutPlaceInTheStreamItsTimeIsTheBound) {
  Delivery posted = Offer();
  posted.via = EventSubmission::VIA_HTTP;

  EXPECT_EQ(Ask(posted), absl::StatusOr<bool>(true));

  EXPECT_EQ(stream_.starts.at(0).sequence, 0u);
  EXPECT_EQ(absl::FormatTime(stream_.starts.at(0).time, absl::UTCTimeZone()),
            "2023-11-14T21:50:00+00:00");
}

TEST_F(NatsAnsweredTest, WhereTheStreamHasLostTheTimeTheFallbackIsAsked) {
  FakeAnswered fallback;
  EXPECT_EQ(Ask(Message(3), "another", &fallback), absl::StatusOr<bool>(true));
  fallback.answer = false;
  EXPECT_EQ(Ask(Message(3), "another", &fallback), absl::StatusOr<bool>(false));
  EXPECT_FALSE(Ask(Message(3), "another").ok()) << "nobody can say";

  Delivery posted = Offer();
  stream_.info->first_time = absl::FromUnixSeconds(1'800'000'000);
  EXPECT_EQ(Ask(posted, "another"), absl::StatusOr<bool>(false)) << "it would never be taken";
}

TEST_F(NatsAnsweredTest, WithoutStreamTheFallbackIsAsked) {
  stream_.info = absl::FailedPreconditionError("no stream");
  FakeAnswered fallback;
  EXPECT_EQ(Ask(Offer(), "jobexec", &fallback), absl::StatusOr<bool>(true));
  EXPECT_EQ(Ask(Offer()), absl::StatusOr<bool>(false));
}

TEST_F(NatsAnsweredTest, OutagesAreNoAbsence) {
  stream_.info = absl::UnavailableError("no server");
  FakeAnswered fallback;
  EXPECT_THAT(Ask(Message(7), "jobexec", &fallback),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("no server")));
}

}  // namespace
}  // namespace jobexec::intake
