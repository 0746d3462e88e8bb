// The program itself: command line, settings, signals.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "absl/strings/str_cat.h"
#include "common/base/file.h"
#include "common/http/http_client.h"
#include "tests/support/subprocess.h"
#include "tests/support/temp_directory.h"
#include "tests/support/test_scheduler.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::Subprocess;
using ::jobexec::testing::TestScheduler;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

constexpr size_t kMaxLogBytes = 1'000'000;
constexpr absl::Duration kPatience = absl::Seconds(30);

class IntakeProgramTest : public ::testing::Test {
 protected:
  std::unique_ptr<Subprocess> Start(const std::vector<std::string>& arguments,
                                    const std::map<std::string, std::string>& environment) {
    std::vector<std::string> command = {JOBEXEC_INTAKE_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto program = Subprocess::Start(command, environment, directory_.path() + "/log");
    EXPECT_TRUE(program.ok()) << program.status();
    return *std::move(program);
  }
  std::string Output() const { return *ReadFile(directory_.path() + "/log", kMaxLogBytes); }

  testing::TempDirectory directory_;
};

TEST_F(IntakeProgramTest, HelpListsTheSettings) {
  EXPECT_EQ(*Start({"--help"}, {})->Stop(0, kPatience), 0);
  EXPECT_THAT(Output(),
              AllOf(HasSubstr("--scheduler-address, SCHEDULER_ADDRESS  (required)"),
                    HasSubstr("--rcv-port, RCV_PORT  [8080]"), HasSubstr("INTAKE_MAX_BODY_BYTES"),
                    HasSubstr("jobexec-intake --scheduler-address=localhost:9090")));
}

TEST_F(IntakeProgramTest, VersionIsPrinted) {
  EXPECT_EQ(*Start({"--version"}, {})->Stop(0, kPatience), 0);
  EXPECT_THAT(Output(), StartsWith("jobexec-intake "));
}

TEST_F(IntakeProgramTest, WrongSettingsAreListedTogether) {
  directory_.Write("intake.env", "LOG_LEVEL=loud\nRCV_PROT=80\n");

  EXPECT_EQ(*Start({"--rcv-path=events", "--nonsense"},
                   {{"RCV_PORT", "x"}, {"SETTINGS_FILE", directory_.path() + "/intake.env"}})
                 ->Stop(0, kPatience),
            2);
  EXPECT_THAT(Output(), AllOf(StartsWith("jobexec-intake: wrong settings:\n  unknown flag"),
                              HasSubstr("intake.env:2: RCV_PROT is no setting"),
                              HasSubstr("variable RCV_PORT is \"x\""),
                              HasSubstr("flag --rcv-path: RCV_PATH is \"events\""),
                              HasSubstr("intake.env:1: LOG_LEVEL is \"loud\""),
                              HasSubstr("  SCHEDULER_ADDRESS is required")));
}

TEST_F(IntakeProgramTest, LogsItsSettingsAtStart) {
  directory_.Write("intake.env", "ADMIN_ADDRESS='127.0.0.1' # loopback\n");
  const auto program = Start(
      {"--rcv-port=0", "--settings-file", directory_.path() + "/intake.env"},
      {{"SCHEDULER_ADDRESS", "127.0.0.1:1"}, {"INTAKE_ADDRESS", "127.0.0.1"}, {"ADMIN_PORT", "0"}});
  ASSERT_TRUE(program->WaitForLogField("http_port", kPatience).ok()) << Output();

  EXPECT_EQ(*program->Stop(SIGTERM, kPatience), 0);
  EXPECT_THAT(Output(),
              AllOf(HasSubstr(R"("message":"settings","settings":{)"),
                    HasSubstr(R"("RCV_PORT":{"value":"0","origin":"flag --rcv-port"})"),
                    HasSubstr(R"("SCHEDULER_ADDRESS":{"value":"127.0.0.1:1","origin":"variable"})"),
                    HasSubstr(R"("LOG_LEVEL":{"value":"info","origin":"default"})"),
                    HasSubstr(R"("ADMIN_ADDRESS":{"value":"127.0.0.1","origin":"file )"),
                    HasSubstr("intake.env:1\"}")));
}

TEST_F(IntakeProgramTest, ServesUntilSigtermAndExitsWith0) {
  TestScheduler scheduler(
      [](const TestScheduler::Submission&) { return TestScheduler::Accepted(); });
  const auto program = Start({}, {{"SCHEDULER_ADDRESS", scheduler.address()},
                                  {"INTAKE_ADDRESS", "127.0.0.1"},
                                  {"RCV_PORT", "0"},
                                  {"ADMIN_ADDRESS", "127.0.0.1"},
                                  {"ADMIN_PORT", "0"}});
  const auto port = program->WaitForLogField("http_port", kPatience);
  ASSERT_TRUE(port.ok()) << port.status();

  const auto response = http::Client::Create({})->Send(
      {.method = "POST",
       .target = absl::StrCat("http://127.0.0.1:", *port, "/"),
       .headers = {{"Content-Type", "application/cloudevents+json"}},
       .body = R"({"specversion":"1.0","id":"7","source":"/s","type":"t","shkeptncontext":"c"})"},
      kPatience, /*idempotent=*/false);

  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(response->status, 202);
  EXPECT_EQ(*program->Stop(SIGTERM, kPatience), 0);
  EXPECT_THAT(Output(), HasSubstr(R"("message":"event decided","event_id":"7","event_type":"t",)"
                                  R"("keptn_context":"c","outcome":"accepted")"));
}

}  // namespace
}  // namespace jobexec::intake
