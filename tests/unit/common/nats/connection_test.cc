// Against a real nats-server: what JetStream does cannot be imitated.
#include "common/nats/connection.h"

#include <gmock/gmock.h>

#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "tests/support/fake_clock.h"
#include "tests/support/nats_server.h"
#include "tests/support/status_matchers.h"

namespace jobexec::nats {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::IsOk;
using ::jobexec::testing::NatsServer;
using ::jobexec::testing::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

class NatsConnectionTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto server = NatsServer::Start();
    ASSERT_THAT(server, IsOk());
    server_ = server->release();
  }
  static void TearDownTestSuite() {
    delete server_;
    server_ = nullptr;
  }

  void SetUp() override {
    // Each test has a stream and subjects of its own.
    const std::string name = ::testing::UnitTest::GetInstance()->current_test_info()->name();
    stream_ = absl::StrCat("s_", name);
    subject_ = absl::StrCat(name, ".started");
    ASSERT_THAT(server_->AddStream(stream_, absl::StrCat(name, ".>"), absl::Minutes(2)), IsOk());
    connection_ = Connection::Create({.urls = server_->url(), .name = "test"}, clock_);
  }

  std::vector<std::string> Scan(const ScanStart& start, const std::string& subject) {
    std::vector<std::string> found;
    EXPECT_THAT(connection_->Scan(stream_, subject, start,
                                  [&](uint64_t sequence, absl::string_view id) {
                                    found.push_back(absl::StrCat(sequence, ":", id));
                                  }),
                IsOk());
    return found;
  }

  static NatsServer* server_;
  FakeClock clock_;
  std::string stream_;
  std::string subject_;
  std::unique_ptr<Connection> connection_;
};

NatsServer* NatsConnectionTest::server_ = nullptr;

TEST_F(NatsConnectionTest, PublishesOncePerId) {
  const auto first = connection_->Publish(subject_, "id-1", "{}");
  const auto again = connection_->Publish(subject_, "id-1", "{}");
  const auto other = connection_->Publish(subject_, "id-2", "{}");

  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->stream, stream_);
  EXPECT_EQ(first->sequence, 1u);
  EXPECT_FALSE(first->duplicate);
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ(again->sequence, 1u);
  EXPECT_TRUE(again->duplicate);
  ASSERT_THAT(other, IsOk());
  EXPECT_EQ(other->sequence, 2u);
}

TEST_F(NatsConnectionTest, FindsTheStreamOfASubject) {
  ASSERT_THAT(connection_->Publish(subject_, "id-1", "{}"), IsOk());
  const absl::StatusOr<StreamInfo> info = connection_->FindStream(subject_);
  ASSERT_THAT(info, IsOk());
  EXPECT_EQ(info->name, stream_);
  EXPECT_EQ(info->first_sequence, 1u);
  EXPECT_EQ(info->last_sequence, 1u);
  EXPECT_EQ(info->duplicate_window, absl::Minutes(2));
}

TEST_F(NatsConnectionTest, ASubjectWithoutStreamIsRefusedAndNothingWasSent) {
  const auto ack = connection_->Publish("nobody.listens", "id-1", "{}");
  EXPECT_THAT(ack, StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nobody.listens")));
  EXPECT_EQ(GetReason(ack.status()), kNotSent);
  EXPECT_THAT(connection_->FindStream("nobody.listens"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("nobody.listens")));
}

TEST_F(NatsConnectionTest, ScansExactlyOneSubjectFromABound) {
  for (int i = 1; i <= 500; ++i) {
    ASSERT_THAT(connection_->Publish(subject_, absl::StrCat("id-", i), "{}"), IsOk());
    ASSERT_THAT(connection_->Publish(subject_ + ".more", absl::StrCat("no-", i), "{}"), IsOk());
  }
  EXPECT_THAT(Scan({}, subject_), SizeIs(500));
  EXPECT_THAT(Scan({.sequence = 997}, subject_), ElementsAre("997:id-499", "999:id-500"));
  EXPECT_THAT(Scan({.sequence = 5000}, subject_), IsEmpty());
  EXPECT_THAT(Scan({.time = absl::FromUnixSeconds(1)}, subject_), SizeIs(500));
  EXPECT_THAT(Scan({}, "ScansExactlyOneSubjectFromABound.other"), IsEmpty());
}

TEST_F(NatsConnectionTest, MessagesWithoutIdAreScannedToo) {
  ASSERT_THAT(server_->PublishCore(subject_, "{}"), IsOk());
  ASSERT_THAT(connection_->Publish(subject_, "id-1", "{}"), IsOk());
  EXPECT_THAT(Scan({}, subject_), ElementsAre("1:", "2:id-1"));
}

TEST_F(NatsConnectionTest, ComesBackAfterTheServerWasKilled) {
  ASSERT_THAT(connection_->Publish(subject_, "id-1", "{}"), IsOk());
  ASSERT_THAT(server_->Kill(), IsOk());

  absl::Status down = connection_->Publish(subject_, "id-2", "{}").status();
  EXPECT_FALSE(down.ok());
  // The broken connection may be noticed by the first call only.
  down = connection_->Publish(subject_, "id-2", "{}").status();
  EXPECT_THAT(down, StatusIs(absl::StatusCode::kUnavailable, HasSubstr("")));
  EXPECT_EQ(GetReason(down), kNotSent);

  ASSERT_THAT(server_->Restart(), IsOk());
  clock_.Advance(absl::Seconds(2));
  const auto again = connection_->Publish(subject_, "id-1", "{}");
  ASSERT_THAT(again, IsOk());
  EXPECT_TRUE(again->duplicate) << "ids are read again from the disk";
  EXPECT_THAT(Scan({}, subject_), ElementsAre("1:id-1")) << "nothing was sent late";
}

TEST_F(NatsConnectionTest, AfterAFailureCallsFailAtOnceForAWhile) {
  const auto nowhere =
      Connection::Create({.urls = "nats://user:secret@127.0.0.1:1", .name = "test"}, clock_);
  const absl::Status first = nowhere->CheckConnected();
  EXPECT_EQ(first.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(first.ToString(), Not(HasSubstr("secret")));
  EXPECT_THAT(nowhere->CheckConnected(),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("not connected")));
}

}  // namespace
}  // namespace jobexec::nats
