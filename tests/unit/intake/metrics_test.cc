#include "intake/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace jobexec::intake {
namespace {

using ::jobexecutor::v1::EventOutcome;
using ::testing::HasSubstr;

TEST(Metrics, EverySeriesExistsFromTheStart) {
  const std::string text = Metrics().Text();

  for (const char* outcome : {"accepted", "ignored", "rejected", "retry"}) {
    EXPECT_THAT(text, HasSubstr(std::string("jobexec_intake_events_total{outcome=\"") + outcome +
                                "\"} 0\n"));
  }
  for (const char* reason : kRefusalReasons) {
    EXPECT_THAT(text, HasSubstr(std::string("jobexec_intake_refused_total{reason=\"") + reason +
                                "\"} 0\n"));
  }
  EXPECT_THAT(text, HasSubstr("jobexec_intake_in_flight 0\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_stream_up 0\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_stream_reconnects_total 0\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_submit_seconds_count 0\n"));
}

TEST(Metrics, Counts) {
  Metrics metrics;

  metrics.CountOutcome(EventOutcome::kAccepted);
  metrics.CountOutcome(EventOutcome::kAccepted);
  metrics.CountOutcome(EventOutcome::kRetry);
  metrics.CountRefusal("busy");
  metrics.SetInFlight(3);
  metrics.ObserveSubmit(absl::Milliseconds(30));
  metrics.CountReconnect();
  metrics.SetStreamUp(true);

  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr("jobexec_intake_events_total{outcome=\"accepted\"} 2\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_events_total{outcome=\"retry\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_refused_total{reason=\"busy\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_in_flight 3\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_submit_seconds_bucket{le=\"0.025\"} 0\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_submit_seconds_bucket{le=\"0.05\"} 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_stream_reconnects_total 1\n"));
  EXPECT_THAT(text, HasSubstr("jobexec_intake_stream_up 1\n"));
}

}  // namespace
}  // namespace jobexec::intake
