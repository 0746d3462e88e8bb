#include "intake/sequence_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "tests/unit/intake/fake_scheduler_link.h"

namespace jobexec::intake {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class FakeEnds final : public SequenceEnds {
 public:
  void Finished(cloudevents::Event event, Done done) override {
    finished.push_back(event.id());
    std::move(done)(can_cancel);
  }
  bool HasEnded(const cloudevents::Event& triggered) const override {
    return triggered.id() == "of an ended sequence";
  }

  bool can_cancel = true;
  std::vector<std::string> finished;
};

class SequenceGateTest : public ::testing::Test {
 protected:
  std::optional<EventOutcome> Submit(const std::string& type, const std::string& id) {
    EventSubmission submission;
    submission.mutable_event()->set_type(type);
    submission.mutable_event()->set_id(id);
    std::optional<EventOutcome> outcome;
    gate_.Submit(std::move(submission), [&outcome](EventOutcome o) { outcome = std::move(o); });
    return outcome;
  }

  FakeEnds ends_;
  FakeSchedulerLink link_;
  SequenceGate gate_{ends_, link_};
};

TEST_F(SequenceGateTest, TheEndOfASequenceIsNoWorkForTheScheduler) {
  const auto outcome = Submit("sh.keptn.event.dev.delivery.finished", "1");

  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(outcome->ignored().reason(), HasSubstr("sequence has ended"));
  EXPECT_THAT(ends_.finished, ElementsAre("1"));
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(SequenceGateTest, AnEndThatCouldNotBeHandledComesAgain) {
  ends_.can_cancel = false;

  const auto outcome = Submit("sh.keptn.event.dev.delivery.finished", "1");

  ASSERT_TRUE(outcome.has_value());
  EXPECT_GT(outcome->retry().delay().seconds(), 0);
}

TEST_F(SequenceGateTest, WhatAnEndedSequenceTriggeredIsIgnored) {
  const auto outcome = Submit("sh.keptn.event.deploy.triggered", "of an ended sequence");

  ASSERT_TRUE(outcome.has_value());
  EXPECT_THAT(outcome->ignored().reason(), HasSubstr("has ended"));
  EXPECT_THAT(link_.submissions, IsEmpty());
}

TEST_F(SequenceGateTest, EverythingElseIsSubmitted) {
  EXPECT_FALSE(Submit("sh.keptn.event.deploy.triggered", "1").has_value());
  EXPECT_FALSE(Submit("sh.keptn.event.deploy.finished", "of an ended sequence").has_value());
  EXPECT_FALSE(Submit("com.example.thing", "2").has_value());

  EXPECT_THAT(link_.submissions, SizeIs(3));
  EXPECT_THAT(ends_.finished, IsEmpty());
}

}  // namespace
}  // namespace jobexec::intake
