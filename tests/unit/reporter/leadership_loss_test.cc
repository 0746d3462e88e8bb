// The leadership ends in the middle of an event's life, wherever: nothing is written or sent after
// it, and whoever comes next makes up for the rest.
#include <gmock/gmock.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "tests/unit/reporter/harness.h"

namespace jobexec::reporter {
namespace {

using ::testing::Le;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

// Two tasks of one action, both passing; and a second action whose first task fails, so that its
// second is deleted.
void CreateEvent(Harness& h) {
  for (const auto& [action, task] : {std::pair(0, 2), std::pair(1, 1), std::pair(1, 2)}) {
    h.Create(Member(action, task));
  }
  h.Create(Anchor({Entry(0, 1), Entry(0, 2), Entry(1, 1), Entry(1, 2)}));
}

void LiveOn(Harness& h) {
  h.Run(absl::Seconds(5));
  h.EndPod(Member(0, 1), 0, "one\n");
  h.Run(absl::Seconds(5));
  h.EndPod(Member(0, 2), 0, "two\n");
  h.EndPod(Member(1, 1), 1, "three\n");
  h.Run(absl::Seconds(5));
}

std::set<std::string> Ids(const std::vector<cloudevents::Event>& events) {
  std::set<std::string> ids;
  for (const cloudevents::Event& event : events) ids.insert(event.id());
  return ids;
}

class LeadershipLoss : public ::testing::TestWithParam<Transport> {};

TEST_P(LeadershipLoss, NothingIsWrittenOrSentAfterIt) {
  int questions = 1;
  for (bool lost = true; lost; ++questions) {
    SCOPED_TRACE(questions);
    Harness h(GetParam());
    CreateEvent(h);
    h.LoseLeadershipAfter(questions);
    LiveOn(h);
    lost = h.HasLost();
    if (lost) {
      EXPECT_EQ(h.Writes(), h.writes_before_loss());
    }

    h.RegainLeadership();
    h.StartReporter();
    LiveOn(h);
    h.Run(absl::Minutes(5));
    EXPECT_THAT(Ids(h.publisher.Events("started")), SizeIs(1));
    EXPECT_THAT(Ids(h.publisher.Events("finished")), SizeIs(1));
    // A plain sink cannot be asked, and gets what may have been lost a second time.
    const size_t most = GetParam() == Transport::kHttp ? 2 : 1;
    EXPECT_THAT(h.publisher.Events("started").size(), Le(most));
    EXPECT_THAT(h.publisher.Events("finished").size(), Le(most));
  }
  EXPECT_GT(questions, 20) << "there is more to lose than that";
}

INSTANTIATE_TEST_SUITE_P(Transports, LeadershipLoss,
                         ::testing::Values(Transport::kJetStream, Transport::kKeptn,
                                           Transport::kHttp));

}  // namespace
}  // namespace jobexec::reporter
