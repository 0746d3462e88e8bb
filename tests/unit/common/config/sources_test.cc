#include "common/config/sources.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "tests/support/temp_directory.h"

namespace jobexec::config {
namespace {

using ::jobexec::testing::TempDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<Setting> KnownSettings() {
  return {{.name = "RCV_PORT"},
          {.name = "LOG_LEVEL"},
          {.name = "WAIT_SECONDS"},
          {.name = "HTTP_SSL_VERIFY", .is_switch = true},
          {.name = "KEPTN_API_TOKEN", .is_secret = true},
          {.name = "KEPTN_API_TOKEN_FILE"},
          {.name = "SETTINGS_FILE"}};
}

Sources FlagsOf(const std::vector<std::string>& words) {
  Sources sources;
  AddFlags(words, KnownSettings(), sources);
  return sources;
}

TEST(FlagName, IsTheVariablesNameInAnotherSpelling) {
  EXPECT_EQ(FlagName("RCV_PORT"), "--rcv-port");
  EXPECT_EQ(FlagName("K8S_NODE_NAME"), "--k8s-node-name");
}

TEST(Flags, Values) {
  const struct {
    std::vector<std::string> words;
    const char* name;
    const char* value;
  } cases[] = {
      {{"--rcv-port=80"}, "RCV_PORT", "80"},
      {{"--rcv-port", "80"}, "RCV_PORT", "80"},
      {{"--rcv-port="}, "RCV_PORT", ""},
      {{"--rcv-port", ""}, "RCV_PORT", ""},
      {{"--wait-seconds", "-1"}, "WAIT_SECONDS", "-1"},
      {{"--log-level=a=b --c"}, "LOG_LEVEL", "a=b --c"},
      {{"--log-level=--x"}, "LOG_LEVEL", "--x"},
      {{"--http-ssl-verify"}, "HTTP_SSL_VERIFY", "true"},
      {{"--http-ssl-verify=false"}, "HTTP_SSL_VERIFY", "false"},
      {{"--http-ssl-verify="}, "HTTP_SSL_VERIFY", ""},
      {{"--keptn-api-token-file=/t"}, "KEPTN_API_TOKEN_FILE", "/t"},
  };
  for (const auto& test : cases) {
    const Sources sources = FlagsOf(test.words);
    EXPECT_THAT(sources.faults, IsEmpty()) << test.words[0];
    ASSERT_EQ(sources.assignments.size(), 1) << test.words[0];
    EXPECT_EQ(sources.assignments.at(test.name).value, test.value);
    EXPECT_EQ(sources.assignments.at(test.name).origin, absl::StrCat("flag ", FlagName(test.name)));
  }
}

TEST(Flags, FaultsNeverShowValues) {
  const struct {
    std::vector<std::string> words;
    const char* fault;
  } cases[] = {
      {{"--rcv-prot=xyzzy"}, "unknown flag --rcv-prot; is --rcv-port meant?"},
      {{"--rcv-prot", "xyzzy"}, "unknown flag --rcv-prot; is --rcv-port meant?"},
      {{"--nothing-like-it=xyzzy"}, "unknown flag --nothing-like-it"},
      {{"--RCV-PORT=xyzzy"}, "unknown flag --RCV-PORT; is --rcv-port meant?"},
      {{"--rcv_port=xyzzy"}, "unknown flag --rcv_port; is --rcv-port meant?"},
      {{"--a\x1b[31m=xyzzy"}, "unknown flag --a\\x1b[31m"},
      {{"--rcv-port"}, "flag --rcv-port has no value, expected --rcv-port=VALUE"},
      {{"--rcv-port", "--http-ssl-verify"}, "flag --rcv-port has no value"},
      {{"--rcv-port=1", "--rcv-port=xyzzy"}, "flag --rcv-port is given more than once"},
      {{"--rcv-port=1", "--rcv-port", "xyzzy"}, "flag --rcv-port is given more than once"},
      {{"serve"}, "unexpected argument \"serve\", expected --name=value"},
      {{"-p"}, "unexpected argument \"-p\""},
      {{"--"}, "unexpected argument \"--\""},
      {{""}, "unexpected argument \"\""},
      {{"RCV_PORT=xyzzy"}, "unexpected argument \"RCV_PORT\""},
      {{"--http-ssl-verify", "false"}, "unexpected argument \"false\""},
      {{"--keptn-api-token=xyzzy"}, "flag --keptn-api-token is not taken: whoever lists"},
      {{"--keptn-api-token", "xyzzy"},
       "set the variable KEPTN_API_TOKEN, or --keptn-api-token-file to a file"},
  };
  for (const auto& test : cases) {
    const Sources sources = FlagsOf(test.words);
    ASSERT_EQ(sources.faults.size(), 1) << test.fault;
    EXPECT_THAT(sources.faults[0], HasSubstr(test.fault));
    EXPECT_THAT(sources.faults[0], Not(HasSubstr("xyzzy")));
  }
}

TEST(Flags, AreReadToTheEndWhateverIsWrong) {
  const Sources sources = FlagsOf({"--x", "y", "z", "--keptn-api-token", "t", "--rcv-port=1"});

  EXPECT_THAT(sources.faults, ElementsAre("unknown flag --x", StartsWith("unexpected argument"),
                                          StartsWith("flag --keptn-api-token is not taken")));
  EXPECT_EQ(sources.assignments.at("RCV_PORT").value, "1");
}

// What flags, variables and a file with this text say.
Sources ReadAll(const std::vector<std::string>& words, Environment environment,
                const std::string& text, UnknownNames unknown = UnknownNames::kFault) {
  const TempDirectory directory;
  directory.Write("f.env", text);
  environment.insert({"SETTINGS_FILE", directory.path() + "/f.env"});
  Sources sources;
  AddFlags(words, KnownSettings(), sources);
  AddEnvironment(environment, sources);
  AddSettingsFile(KnownSettings(), unknown, sources);
  return sources;
}

TEST(Sources, AFlagWinsOverAVariableAndAVariableOverTheFile) {
  const Environment variables = {{"RCV_PORT", "2"}, {"LOG_LEVEL", "2"}};
  const Sources sources =
      ReadAll({"--rcv-port=1"}, variables, "RCV_PORT=3\nLOG_LEVEL=3\nWAIT_SECONDS=3\n");

  EXPECT_THAT(sources.faults, IsEmpty());
  EXPECT_EQ(sources.assignments.at("RCV_PORT").value, "1");
  EXPECT_EQ(sources.assignments.at("RCV_PORT").origin, "flag --rcv-port");
  EXPECT_EQ(sources.assignments.at("LOG_LEVEL").value, "2");
  EXPECT_EQ(sources.assignments.at("LOG_LEVEL").origin, "variable");
  EXPECT_EQ(sources.assignments.at("WAIT_SECONDS").value, "3");
  EXPECT_THAT(sources.assignments.at("WAIT_SECONDS").origin,
              ::testing::AllOf(StartsWith("file "), ::testing::EndsWith("f.env:3")));
}

TEST(Sources, AnEmptyValueWins) {
  const Sources sources =
      ReadAll({"--rcv-port="}, {{"LOG_LEVEL", ""}}, "RCV_PORT=3\nLOG_LEVEL=3\n");

  EXPECT_EQ(sources.assignments.at("RCV_PORT").value, "");
  EXPECT_EQ(sources.assignments.at("LOG_LEVEL").value, "");
}

TEST(Sources, VariablesThatNobodyAsksForAreFine) {
  EXPECT_THAT(ReadAll({}, {{"PATH", "/bin"}, {"RCV_PROT", "1"}}, "").faults, IsEmpty());
}

TEST(SettingsFile, MistakesAreNamedByFileAndLine) {
  const Sources sources = ReadAll(
      {}, {}, "RCV_PROT=xyzzy\nQUITE_ELSE=xyzzy\nxyzzy\nSETTINGS_FILE=xyzzy\nLOG_LEVEL=a\n");

  EXPECT_THAT(
      sources.faults,
      // The parser's first.
      ElementsAre(HasSubstr("f.env:3: expected NAME=value"),
                  HasSubstr("f.env:1: RCV_PROT is no setting of this program; is RCV_PORT meant?"),
                  HasSubstr("f.env:2: QUITE_ELSE is no setting of this program"),
                  HasSubstr("f.env:4: a settings file cannot name another one")));
  for (const std::string& fault : sources.faults) EXPECT_THAT(fault, Not(HasSubstr("xyzzy")));
  EXPECT_EQ(sources.assignments.at("LOG_LEVEL").value, "a");
}

TEST(SettingsFile, MayHaveSettingsOfOthersIfTheCallerSaysSo) {
  const Sources sources = ReadAll({}, {}, "OTHER=1\nLOG_LEVEL=a\n", UnknownNames::kIgnore);

  EXPECT_THAT(sources.faults, IsEmpty());
  EXPECT_EQ(sources.assignments.count("OTHER"), 0);
  EXPECT_EQ(sources.assignments.at("LOG_LEVEL").value, "a");
}

TEST(SettingsFile, MayHaveSecrets) {
  EXPECT_EQ(ReadAll({}, {}, "KEPTN_API_TOKEN=x\n").assignments.at("KEPTN_API_TOKEN").value, "x");
}

TEST(SettingsFile, IsNamedByTheFlagFirst) {
  const TempDirectory directory;
  directory.Write("flag.env", "RCV_PORT=1\n");
  const Sources sources = ReadAll({absl::StrCat("--settings-file=", directory.path(), "/flag.env")},
                                  {}, "RCV_PORT=2\n");

  EXPECT_EQ(sources.assignments.at("RCV_PORT").value, "1");
}

TEST(SettingsFile, ThatIsNotThereIsAFault) {
  EXPECT_THAT(ReadAll({"--settings-file=/none.env"}, {}, "").faults,
              ElementsAre(HasSubstr("SETTINGS_FILE: /none.env: no such file")));
}

TEST(SettingsFile, EmptyNameIsNoFile) {
  EXPECT_THAT(ReadAll({"--settings-file="}, {}, "WRONG=1").faults, IsEmpty());
}

}  // namespace
}  // namespace jobexec::config
