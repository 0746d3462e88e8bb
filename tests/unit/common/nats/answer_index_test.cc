// Against a real nats-server.
#include "common/nats/answer_index.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nats_server.h"
#include "tests/support/status_matchers.h"

namespace jobexec::nats {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;

constexpr char kSubject[] = "sh.keptn.event.deploy.started";
const absl::Time kLongAgo = absl::FromUnixSeconds(1);

class AnswerIndexTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto server = NatsServer::Start();
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
    AddStream();
    connection_ = Connection::Create({.urls = server_->url(), .name = "test"}, clock_);
    index_ = std::make_unique<AnswerIndex>(
        *connection_, clock_, [this](const StreamInfo& stream) { seen_.push_back(stream.name); });
  }

  void AddStream() {
    ASSERT_THAT(server_->AddStream("keptn", "sh.keptn.>", absl::Minutes(2)), IsOk());
  }
  void Publish(const std::string& id, const std::string& subject = kSubject) {
    ASSERT_THAT(connection_->Publish(subject, id, "{}"), IsOk());
  }
  AnswerIndex::Look Find(const std::string& id, const ScanStart& from) {
    const auto look = index_->Find(kSubject, id, from);
    EXPECT_THAT(look, IsOk());
    return look.value_or(AnswerIndex::Look{});
  }
  uint64_t Sequence(const std::string& id, const ScanStart& from) {
    return Find(id, from).sequence.value_or(0);
  }

  FakeClock clock_;
  std::unique_ptr<NatsServer> server_;
  std::unique_ptr<Connection> connection_;
  std::unique_ptr<AnswerIndex> index_;
  std::vector<std::string> seen_;
};

TEST_F(AnswerIndexTest, FindsTheMessagesOfOneSubjectFromABoundOn) {
  Publish("a");
  Publish("b");
  Publish("c", "sh.keptn.event.deploy.finished");

  EXPECT_EQ(Sequence("a", {.sequence = 2}), 0u);
  EXPECT_EQ(Sequence("a", {.sequence = 1}), 1u) << "an earlier bound reads from there";
  EXPECT_EQ(Sequence("b", {.sequence = 1}), 2u);
  EXPECT_EQ(Sequence("b", {.time = kLongAgo}), 2u);
  EXPECT_EQ(Sequence("c", {.sequence = 1}), 0u) << "of another subject";
  EXPECT_TRUE(Find("c", {.sequence = 1}).complete);
}

TEST_F(AnswerIndexTest, ManyQuestionsReadTheStreamOnce) {
  for (int i = 0; i < 100; ++i) Publish(absl::StrCat(i));
  EXPECT_EQ(Sequence("99", {.sequence = 1}), 100u);
  EXPECT_EQ(seen_.size(), 1u);
  ASSERT_THAT(server_->Kill(), IsOk());

  for (uint64_t i = 0; i < 100; ++i) {
    EXPECT_EQ(Sequence(absl::StrCat(i), {.sequence = i + 1}), i + 1);
  }
  EXPECT_EQ(seen_.size(), 1u);
}

TEST_F(AnswerIndexTest, FollowsTheStream) {
  Publish("a");
  EXPECT_EQ(Sequence("b", {.sequence = 1}), 0u);
  Publish("b");
  EXPECT_EQ(Sequence("b", {.sequence = 1}), 0u) << "as of some seconds ago";

  clock_.Advance(absl::Seconds(11));

  EXPECT_EQ(Sequence("b", {.sequence = 1}), 2u);
}

TEST_F(AnswerIndexTest, SaysWhenAbsenceProvesNothing) {
  Publish("a");
  Publish("b");
  ASSERT_THAT(server_->Purge("keptn"), IsOk());

  EXPECT_FALSE(Find("a", {.sequence = 1}).complete);
  EXPECT_FALSE(Find("a", {.time = kLongAgo}).complete);
  EXPECT_TRUE(Find("a", {.sequence = 3}).complete);

  Publish("c");
  clock_.Advance(absl::Seconds(11));

  EXPECT_EQ(Sequence("c", {.sequence = 3}), 3u);
  EXPECT_TRUE(Find("a", {.sequence = 3}).complete);
  EXPECT_FALSE(Find("a", {.sequence = 2}).complete);
  EXPECT_FALSE(Find("a", {.time = kLongAgo}).complete);
  EXPECT_TRUE(Find("a", {.time = absl::InfiniteFuture()}).complete);
}

TEST_F(AnswerIndexTest, RemembersWhatWasPurgedAfterItWasRead) {
  Publish("a");
  EXPECT_EQ(Sequence("a", {.sequence = 1}), 1u);
  ASSERT_THAT(server_->Purge("keptn"), IsOk());
  clock_.Advance(absl::Seconds(11));

  EXPECT_EQ(Sequence("a", {.sequence = 1}), 1u);
  EXPECT_TRUE(Find("b", {.sequence = 1}).complete) << "everything was read before";
}

TEST_F(AnswerIndexTest, ANewStreamIsReadAfresh) {
  Publish("a");
  Publish("b");
  EXPECT_EQ(Sequence("b", {.sequence = 1}), 2u);
  ASSERT_THAT(server_->DeleteStream("keptn"), IsOk());
  AddStream();
  Publish("c");
  clock_.Advance(absl::Seconds(11));

  EXPECT_EQ(Sequence("c", {.sequence = 1}), 1u);
  EXPECT_EQ(Sequence("b", {.sequence = 1}), 0u);
}

TEST_F(AnswerIndexTest, AServerThatIsAwayIsNotAnAbsence) {
  Publish("a");
  ASSERT_THAT(server_->Kill(), IsOk());
  EXPECT_FALSE(index_->Find(kSubject, "a", {.sequence = 1}).ok());
  ASSERT_THAT(server_->Restart(), IsOk());
  clock_.Advance(absl::Seconds(2));

  EXPECT_EQ(Sequence("a", {.sequence = 1}), 1u);
}

TEST_F(AnswerIndexTest, WithoutStreamThereIsNothingToLookInto) {
  EXPECT_EQ(index_->Find("nobody.listens", "a", {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace jobexec::nats
