#include "scheduler/config/job_defaults.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

TEST(JobDefaults, BuiltInContextsDropAllCapabilities) {
  EXPECT_EQ(DefaultContainerSecurityContext().dump(),
            R"({"allowPrivilegeEscalation":false,"capabilities":{"drop":["ALL"]},)"
            R"("privileged":false,"readOnlyRootFilesystem":true,"runAsGroup":2000,)"
            R"("runAsNonRoot":true,"runAsUser":1000,"seccompProfile":{"type":"RuntimeDefault"}})");
  EXPECT_EQ(DefaultPodSecurityContext().dump(),
            R"({"fsGroup":2000,"runAsGroup":2000,"runAsNonRoot":true,"runAsUser":1000,)"
            R"("seccompProfile":{"type":"RuntimeDefault"}})");
}

TEST(ParseDefaultResources, MakesCanonicalAndOmitsEmpty) {
  const auto resources = ParseDefaultResources("0.5", "512Mi", "", "1.5Gi");

  ASSERT_THAT(resources, IsOk());
  EXPECT_THAT(resources->limits, ElementsAre(Pair("cpu", "500m"), Pair("memory", "512Mi")));
  EXPECT_THAT(resources->requests, ElementsAre(Pair("memory", "1536Mi")));
}

TEST(ParseDefaultResources, NamesTheFault) {
  EXPECT_THAT(ParseDefaultResources("1", "512Mi", "x", ""),
              StatusIs(kInvalid, AllOf(HasSubstr("default request of cpu"), HasSubstr("\"x\""))));
}

TEST(ParseContainerSecurityContext, ComparesNamesWithoutCase) {
  const auto context = ParseContainerSecurityContext(R"({
    "RunAsUser": 1000, "RUNASNONROOT": true, "capabilities": {"Drop": ["all"], "add": null},
    "seLinuxOptions": {"level": "s0", "x": 1}, "unknown": {"a": []}, "procMount": null})");

  ASSERT_THAT(context, IsOk());
  EXPECT_EQ(context->dump(), R"({"capabilities":{"drop":["all"]},"runAsNonRoot":true,)"
                             R"("runAsUser":1000,"seLinuxOptions":{"level":"s0"}})");
}

TEST(ParseContainerSecurityContext, NullIsEmpty) {
  EXPECT_EQ(ParseContainerSecurityContext("null")->dump(), "{}");
  EXPECT_EQ(ParseContainerSecurityContext("{}")->dump(), "{}");
}

TEST(ParseContainerSecurityContext, NamesTheFault) {
  const std::pair<const char*, const char*> kCases[] = {
      {"", "JSON"},
      {"[]", "securityContext is not an object"},
      {R"({"runAsUser": "1"})", "securityContext.runAsUser is not an integer"},
      {R"({"runAsUser": 1.5})", "securityContext.runAsUser is not an integer"},
      {R"({"privileged": 1})", "securityContext.privileged is not true or false"},
      {R"({"procMount": 1})", "securityContext.procMount is not a text"},
      {R"({"Capabilities": []})", "securityContext.capabilities is not an object"},
      {R"({"capabilities": {"drop": "all"}})", "securityContext.capabilities.drop is not a list"},
      {R"({"capabilities": {"drop": [1]}})", "securityContext.capabilities.drop[0] is not a text"},
  };
  for (const auto& [text, fault] : kCases) {
    EXPECT_THAT(ParseContainerSecurityContext(text), StatusIs(kInvalid, HasSubstr(fault))) << text;
  }
}

TEST(ParsePodSecurityContext, ReadsItsOwnFields) {
  const auto context = ParsePodSecurityContext(R"({
    "FsGroup": 2000, "supplementalGroups": [1, 2], "sysctls": [{"Name": "a", "value": "b"}],
    "privileged": true})");

  ASSERT_THAT(context, IsOk());
  EXPECT_EQ(context->dump(), R"({"fsGroup":2000,"supplementalGroups":[1,2],)"
                             R"("sysctls":[{"name":"a","value":"b"}]})");
  EXPECT_THAT(ParsePodSecurityContext(R"({"supplementalGroups": ["a"]})"),
              StatusIs(kInvalid, HasSubstr("supplementalGroups[0] is not an integer")));
  EXPECT_THAT(ParsePodSecurityContext(R"({"sysctls": [1]})"),
              StatusIs(kInvalid, HasSubstr("sysctls[0] is not an object")));
}

TEST(ParseUserLabels, TakesScalarsAsTexts) {
  EXPECT_THAT(
      *ParseUserLabels("team: perf\nexample.com/cost: 0x10\nempty:\n"),
      ElementsAre(Pair("empty", ""), Pair("example.com/cost", "0x10"), Pair("team", "perf")));
  EXPECT_THAT(*ParseUserLabels(""), IsEmpty());
  EXPECT_THAT(*ParseUserLabels("{}"), IsEmpty());
}

TEST(ParseUserLabels, NamesTheFault) {
  const std::string long_name(64, 'a');
  const std::pair<std::string, const char*> kCases[] = {
      {"a: b c", "a: value \"b c\""},
      {"a: -x", "value \"-x\""},
      {"a: " + long_name, "value \"aaa"},
      {"-a: b", "key \"-a\""},
      {"a/b/c: d", "key \"a/b/c\""},
      {"Example.com/b: d", "key \"Example.com/b\""},
      {"example.com/: d", "key \"example.com/\""},
      {long_name + ": b", "key \"aaa"},
      {"jobexec.dev/role: x", "reserved"},
      {"- a", "labels:1:1: labels is a list"},
      {"a: [b]", "labels:1:4: labels.a is a list"},
      {"a: b: c", "labels:1:5"},
  };
  for (const auto& [text, fault] : kCases) {
    EXPECT_THAT(ParseUserLabels(text), StatusIs(kInvalid, HasSubstr(fault))) << text;
  }
}

TEST(CheckJobDefaults, RefusesAPrivilegedDefaultUnlessAllowed) {
  JobDefaults defaults;
  EXPECT_THAT(CheckJobDefaults(defaults), IsOk());

  defaults.container_security_context["privileged"] = true;
  EXPECT_THAT(CheckJobDefaults(defaults), StatusIs(kInvalid, HasSubstr("ALLOW_PRIVILEGED_JOBS")));

  defaults.allow_privileged = true;
  EXPECT_THAT(CheckJobDefaults(defaults), IsOk());
  EXPECT_THAT(JobDefaultsWarnings(defaults), ElementsAre(HasSubstr("privileged by default")));
}

TEST(JobDefaultsWarnings, TellsOfRoot) {
  JobDefaults defaults;
  EXPECT_THAT(JobDefaultsWarnings(defaults), IsEmpty());

  defaults.container_security_context["runAsNonRoot"] = false;
  defaults.pod_security_context["runAsNonRoot"] = false;
  EXPECT_THAT(JobDefaultsWarnings(defaults), ElementsAre(HasSubstr("containers may run as root"),
                                                         HasSubstr("pods may run as root")));
}

}  // namespace
}  // namespace jobexec::scheduler
