#include "common/config/settings.h"

#include <gmock/gmock.h>

#include <limits>

#include "absl/strings/str_cat.h"
#include "tests/support/status_matchers.h"
#include "tests/support/temp_directory.h"

namespace jobexec::config {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::jobexec::testing::TempDirectory;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr int64_t kMin = std::numeric_limits<int64_t>::min();
constexpr int64_t kMax = std::numeric_limits<int64_t>::max();

TEST(SettingsReader, ReadsEachTypeAndFallsBackToDefaults) {
  const Environment environment = {{"PORT", "80"}, {"ON", "T"},   {"WAIT", "1.5s"},
                                   {"NAME", ""},   {"MUST", "x"}, {"LEVEL", "b"}};
  SettingsReader reader(environment);

  EXPECT_EQ(reader.Int("PORT", 1, 0, 100, ""), 80);
  EXPECT_TRUE(reader.Bool("ON", false, ""));
  EXPECT_EQ(reader.Duration("WAIT", absl::Seconds(9), absl::ZeroDuration(), absl::Seconds(9), ""),
            absl::Milliseconds(1500));
  EXPECT_EQ(reader.Text("NAME", "default", ""), "");
  EXPECT_EQ(reader.RequiredText("MUST", ""), "x");
  EXPECT_EQ(reader.Choice("LEVEL", "a", {"a", "b"}, ""), "b");
  EXPECT_EQ(reader.Choice("OTHER_LEVEL", "a", {"a", "b"}, ""), "a");
  EXPECT_EQ(reader.Int("ABSENT", 7, 0, 100, ""), 7);
  EXPECT_TRUE(reader.IsSet("NAME"));
  EXPECT_FALSE(reader.IsSet("ABSENT"));
  EXPECT_THAT(reader.Finish(), IsOk());
}

TEST(SettingsReader, SetToNothingIsSet) {
  const Environment environment = {{"MUST", ""}};
  SettingsReader reader(environment);

  EXPECT_EQ(reader.RequiredText("MUST", ""), "");
  EXPECT_THAT(reader.Finish(), IsOk());
}

TEST(SettingsReader, Numbers) {
  const struct {
    const char* text;
    bool is_valid;
    int64_t value;
  } cases[] = {
      {"0", true, 0},
      {"42", true, 42},
      {"-7", true, -7},
      {"+7", true, 7},
      {"9223372036854775807", true, kMax},
      {"-9223372036854775808", true, kMin},
      {"", false, 0},
      {" 1", false, 0},
      {"1 ", false, 0},
      {"-", false, 0},
      {"1.0", false, 0},
      {"1e3", false, 0},
      {"0x10", false, 0},
      {"010", false, 0},  // 8 in Go
      {"1_000", false, 0},
      {"x", false, 0},
      {"9223372036854775808", false, 0},
  };
  for (const auto& test : cases) {
    const Environment environment = {{"N", test.text}};
    SettingsReader reader(environment);

    const int64_t value = reader.Int("N", 5, kMin, kMax, "");

    EXPECT_EQ(value, test.is_valid ? test.value : 5) << test.text;
    EXPECT_EQ(reader.Finish().ok(), test.is_valid) << test.text;
  }
}

TEST(SettingsReader, Switches) {
  for (const char* text : {"1", "t", "T", "TRUE", "true", "True"}) {
    const Environment environment = {{"B", text}};
    SettingsReader reader(environment);
    EXPECT_TRUE(reader.Bool("B", false, "")) << text;
    EXPECT_THAT(reader.Finish(), IsOk());
  }
  for (const char* text : {"0", "f", "F", "FALSE", "false", "False"}) {
    const Environment environment = {{"B", text}};
    SettingsReader reader(environment);
    EXPECT_FALSE(reader.Bool("B", true, "")) << text;
    EXPECT_THAT(reader.Finish(), IsOk());
  }
  for (const char* text : {"", "yes", "no", "on", "tRUE", " true", "2"}) {
    const Environment environment = {{"B", text}};
    SettingsReader reader(environment);
    reader.Bool("B", false, "");
    EXPECT_THAT(reader.Finish(), StatusIs(kInvalid, HasSubstr("expected true or false"))) << text;
  }
}

TEST(SettingsReader, ReportsEveryFaultAtOnceAndWhereItIs) {
  Sources sources;
  sources.faults = {"unknown flag --x"};
  sources.assignments = {{"PORT", {"x", "flag --port"}},
                         {"BIG", {"101", "file a.env:3"}},
                         {"ON", {"", kFromVariable}},
                         {"WAIT", {"5", kFromVariable}},
                         {"LEVEL", {"c", "flag --level"}}};
  SettingsReader reader(sources);

  reader.Int("PORT", 1, 0, 100, "");
  reader.Int("BIG", 1, 0, 100, "");
  reader.Bool("ON", false, "");
  reader.Duration("WAIT", absl::Seconds(1), absl::ZeroDuration(), absl::Seconds(9), "");
  reader.RequiredText("MUST", "the namespace");
  reader.Choice("LEVEL", "a", {"a", "b"}, "");
  reader.AddFault("PORT, BIG", "cannot both be set");
  reader.AddFault("PORT", ": no such file");

  EXPECT_EQ(reader.Finish().message(),
            "unknown flag --x\n"
            "flag --port: PORT is \"x\", expected a whole number from 0 to 100\n"
            "file a.env:3: BIG is \"101\", expected a whole number from 0 to 100\n"
            "variable ON is \"\", expected true or false\n"
            "variable WAIT is \"5\", expected a duration from 0 to 9s such as 1.5s or 5m\n"
            "MUST is required and not set: the namespace\n"
            "flag --level: LEVEL is \"c\", expected one of a, b\n"
            "PORT, BIG cannot both be set\n"
            "flag --port: PORT: no such file");
}

TEST(SettingsReader, FaultsAreFitForATerminalAndHideThePasswordsOfUrls) {
  const Environment environment = {{"N", "nats://u:xyzzy@h\x1b[31m"}, {"M", std::string(999, 'a')}};
  SettingsReader reader(environment);

  reader.Int("N", 1, 0, 9, "");
  reader.Int("M", 1, 0, 9, "");
  reader.AddFault("N", "is \"nats://u:xyzzy@h\x1b[31m\"");

  EXPECT_THAT(reader.Finish(),
              StatusIs(kInvalid, AllOf(HasSubstr("nats://***@h\\x1b[31m"), Not(HasSubstr("xyzzy")),
                                       HasSubstr("aaa...\""), Not(HasSubstr("\x1b")))));
  EXPECT_LT(reader.Finish().message().size(), 700);
}

TEST(SettingsReader, RemembersWhatWasAskedFor) {
  const Environment environment = {{"PORT", "80"}, {"URL", "nats://u:p@h"}};
  SettingsReader reader(environment);

  reader.Group("Events");
  reader.Int("PORT", 8080, 0, 65535, "Port for events");
  reader.Text("URL", "", "Where from");
  reader.Group("Other");
  reader.Bool("ON", true, "");
  reader.RequiredText("MUST", "");
  reader.Int("DEADLINE", 0, kMin, 9, "");
  reader.Int("PORT", 1, 0, 1, "once more");

  const auto shown = [](const char* name, const char* value, const char* origin) {
    return AllOf(Field(&Setting::name, name), Field(&Setting::value, value),
                 Field(&Setting::origin, origin));
  };
  EXPECT_THAT(reader.settings(),
              ElementsAre(shown("PORT", "80", "variable"), shown("URL", "nats://***@h", "variable"),
                          shown("ON", "true", "default"), shown("MUST", "(required)", "default"),
                          shown("DEADLINE", "0", "default")));
  const Setting& port = reader.settings()[0];
  EXPECT_EQ(port.group, "Events");
  EXPECT_EQ(port.default_text, "8080");
  EXPECT_EQ(port.allowed, "a whole number from 0 to 65535");
  EXPECT_EQ(port.help, "Port for events");
  EXPECT_TRUE(reader.settings()[2].is_switch);
  EXPECT_EQ(reader.settings()[2].group, "Other");
  EXPECT_EQ(reader.settings()[4].allowed, "a whole number up to 9");
}

TEST(SettingsReader, WhatTwoPartsAskForIsWrongOnce) {
  const Environment environment = {{"PORT", "x"}};
  SettingsReader reader(environment);

  reader.Int("PORT", 1, 0, 9, "");
  reader.Int("PORT", 1, 0, 9, "");

  EXPECT_EQ(reader.Finish().message(),
            "variable PORT is \"x\", expected a whole number from 0 to 9");
}

class Secrets : public ::testing::Test {
 protected:
  Secrets() {
    directory_.Write("token", "xyzzy\n");
    directory_.Write("crlf", "xyzzy\r\n");
    directory_.Write("lines", " xy\nzzy \n\n");
    directory_.Write("empty", "\n");
    directory_.Write("large", std::string(100'000, 'x'));
  }

  std::string File(const char* name) const { return absl::StrCat(directory_.path(), "/", name); }

  const TempDirectory directory_;
};

TEST_F(Secrets, AreTakenFromTheVariableOrTheFile) {
  const struct {
    Environment environment;
    const char* secret;
    const char* value;
    const char* origin;
  } cases[] = {
      {{}, "", "(not set)", "default"},
      {{{"T", ""}}, "", "(not set)", "variable"},
      {{{"T", "xyzzy\n"}}, "xyzzy\n", "(set)", "variable"},
      {{{"T", "xyzzy"}, {"T_FILE", ""}}, "xyzzy", "(set)", "variable"},
      {{{"T_FILE", File("token")}}, "xyzzy", "(set)", "T_FILE"},
      {{{"T", ""}, {"T_FILE", File("token")}}, "xyzzy", "(set)", "T_FILE"},
      {{{"T_FILE", File("crlf")}}, "xyzzy", "(set)", "T_FILE"},
      {{{"T_FILE", File("lines")}}, " xy\nzzy \n", "(set)", "T_FILE"},
  };
  for (const auto& test : cases) {
    SettingsReader reader(test.environment);
    EXPECT_EQ(reader.Secret("T", "A token"), test.secret);
    EXPECT_THAT(reader.Finish(), IsOk());
    ASSERT_EQ(reader.settings().size(), 2);
    EXPECT_TRUE(reader.settings()[0].is_secret);
    EXPECT_EQ(reader.settings()[0].value, test.value);
    EXPECT_EQ(reader.settings()[0].origin, test.origin);
    EXPECT_EQ(reader.settings()[1].name, "T_FILE");
    EXPECT_FALSE(reader.settings()[1].is_secret);
  }
}

TEST_F(Secrets, FaultsDoNotShowThem) {
  const struct {
    Environment environment;
    const char* fault;
  } cases[] = {
      {{{"T", "xyzzy"}, {"T_FILE", File("token")}},
       "variable T and T_FILE are both set, expected one of the two"},
      {{{"T_FILE", File("none")}}, "none: no such file"},
      {{{"T_FILE", File("empty")}}, "empty is empty"},
      {{{"T_FILE", File("large")}}, "larger than the limit"},
  };
  for (const auto& test : cases) {
    for (const bool is_required : {false, true}) {
      SettingsReader reader(test.environment);
      is_required ? reader.RequiredSecret("T", "") : reader.Secret("T", "");
      EXPECT_THAT(reader.Finish(),
                  StatusIs(kInvalid, AllOf(HasSubstr(test.fault), Not(HasSubstr("xyzzy")),
                                           Not(HasSubstr("required")))));
    }
  }
}

TEST_F(Secrets, MayBeRequired) {
  for (const Environment& environment : {Environment{}, Environment{{"T", ""}}}) {
    SettingsReader reader(environment);
    reader.RequiredSecret("T", "a grant");
    EXPECT_THAT(reader.Finish(),
                StatusIs(kInvalid, HasSubstr("T is required and not set: a grant")));
    EXPECT_EQ(reader.settings()[0].default_text, "(required)");
  }
}

}  // namespace
}  // namespace jobexec::config
