#include "common/nats/ack_subject.h"

#include <gtest/gtest.h>

namespace jobexec::nats {
namespace {

TEST(AckSubject, BothFormsSayWhichMessageItIs) {
  for (const char* reply :
       {"$JS.ACK.keptn.jobexec.3.42.7.1700000000123456789.5",
        "$JS.ACK._.ACCHASH.keptn.jobexec.3.42.7.1700000000123456789.5",
        "$JS.ACK.hub.ACCHASH.keptn.jobexec.3.42.7.1700000000123456789.5.r4nd0m"}) {
    const std::optional<DeliveryInfo> info = ParseAckSubject(reply);

    ASSERT_TRUE(info.has_value()) << reply;
    EXPECT_EQ(info->deliveries, 3u) << reply;
    EXPECT_EQ(info->sequence, 42u) << reply;
    EXPECT_EQ(info->time, absl::FromUnixNanos(1'700'000'000'123'456'789)) << reply;
  }
}

TEST(AckSubject, OtherSubjectsAreNone) {
  for (const char* reply : {
           "", "_INBOX.abc.1", "$JS.API.ACK.keptn.jobexec.3.42.7.1700000000123456789.5",
           "$JS.ACK.keptn.jobexec.3.42.7.1700000000123456789",       // a token short
           "$JS.ACK.a.keptn.jobexec.3.42.7.1700000000123456789.5",   // between the forms
           "$JS.ACK.keptn.jobexec.x.42.7.1700000000123456789.5",     // no numbers
           "$JS.ACK.keptn.jobexec.3.-42.7.1700000000123456789.5",    //
           "$JS.ACK.keptn.jobexec.3.42.7.yesterday.5",               //
           "$JS.ACK.keptn.jobexec.3.99999999999999999999999.7.1.5",  // too large
       }) {
    EXPECT_FALSE(ParseAckSubject(reply).has_value()) << reply;
  }
}

}  // namespace
}  // namespace jobexec::nats
