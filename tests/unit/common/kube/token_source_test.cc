#include "common/kube/token_source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::FakeClock;
using ::jobexec::testing::StatusIs;
using ::jobexec::testing::TempDirectory;
using ::testing::HasSubstr;

class TokenSourceTest : public ::testing::Test {
 protected:
  std::string Path() const { return directory_.path() + "/token"; }

  FakeClock clock_;
  TempDirectory directory_;
};

TEST_F(TokenSourceTest, GivesAFixedToken) {
  TokenSource source("fixed", "", clock_);

  EXPECT_EQ(*source.Get(), "fixed");
  EXPECT_FALSE(source.Replaces("fixed"));
}

TEST_F(TokenSourceTest, ReadsTheFileAgainAfterAMinute) {
  directory_.Write("token", " first\n");
  TokenSource source("", Path(), clock_);
  EXPECT_EQ(*source.Get(), "first");
  directory_.Write("token", "second");

  clock_.Advance(absl::Seconds(60));
  EXPECT_EQ(*source.Get(), "first");
  clock_.Advance(absl::Seconds(1));
  EXPECT_EQ(*source.Get(), "second");
}

TEST_F(TokenSourceTest, ReadsTheFileAtOnceAfterARefusal) {
  directory_.Write("token", "first");
  TokenSource source("", Path(), clock_);
  EXPECT_EQ(*source.Get(), "first");

  EXPECT_FALSE(source.Replaces("first")) << "the file has not changed";
  directory_.Write("token", "second");
  EXPECT_TRUE(source.Replaces("first"));
  EXPECT_EQ(*source.Get(), "second");
  EXPECT_TRUE(source.Replaces("first")) << "another thread has read it already";
}

TEST_F(TokenSourceTest, KeepsTheLastTokenWhileTheFileIsAway) {
  directory_.Write("token", "first");
  TokenSource source("", Path(), clock_);
  EXPECT_EQ(*source.Get(), "first");
  std::filesystem::remove(Path());
  clock_.Advance(absl::Minutes(5));

  EXPECT_EQ(*source.Get(), "first");
  EXPECT_FALSE(source.Replaces("first"));
}

TEST_F(TokenSourceTest, SaysWhichFileIsMissingOrEmpty) {
  TokenSource source("", Path(), clock_);

  EXPECT_THAT(source.Get(), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr(Path())));
  directory_.Write("token", "\n");
  EXPECT_THAT(source.Get(), StatusIs(absl::StatusCode::kUnauthenticated, HasSubstr("is empty")));
  directory_.Write("token", "late");
  EXPECT_EQ(*source.Get(), "late");
}

}  // namespace
}  // namespace jobexec::kube
