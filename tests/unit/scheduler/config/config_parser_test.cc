#include "scheduler/config/config_parser.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/scheduler/config/config_samples.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;

ParsedConfig Parse(absl::string_view text) { return ParseJobConfig("job/config.yaml", text); }

// "line:column message" of every fault, one per line.
std::string Faults(const ParsedConfig& parsed) {
  return absl::StrJoin(parsed.faults, "\n", [](std::string* out, const ConfigFault& fault) {
    absl::StrAppend(out, fault.position.line, ":", fault.position.column, " ", fault.message);
  });
}

ParsedConfig ParseFields(absl::string_view fields) { return Parse(TaskFile(fields)); }

TEST(ConfigParser, ReadsEveryField) {
  const ParsedConfig parsed = Parse(SampleText("EveryField"));

  ASSERT_EQ(Faults(parsed), "");
  ASSERT_THAT(parsed.config.actions, SizeIs(1));
  const Action& action = parsed.config.actions[0];
  EXPECT_EQ(action.name, "Run tests");
  EXPECT_TRUE(action.silent);
  EXPECT_EQ(action.position, (Position{3, 5}));
  ASSERT_THAT(action.events, SizeIs(1));
  EXPECT_EQ(action.events[0].type_pattern, "sh.keptn.event.test.triggered");
  EXPECT_EQ(action.events[0].property, "$.data.test.teststrategy");
  EXPECT_EQ(action.events[0].match, "health");
  EXPECT_EQ(action.events[0].position, (Position{6, 9}));
  ASSERT_THAT(action.tasks, SizeIs(1));
  const Task& task = action.tasks[0];
  EXPECT_EQ(task.position, (Position{11, 9}));
  EXPECT_EQ(task.name, "Smoke");
  EXPECT_THAT(task.files, ElementsAre("locust/basic.py", "/helm"));
  EXPECT_EQ(task.image, "locustio/locust");
  EXPECT_EQ(task.image_pull_policy, "Always");
  EXPECT_THAT(task.cmd, ElementsAre("locust"));
  EXPECT_THAT(task.args, ElementsAre("-f", "x"));
  ASSERT_THAT(task.env, SizeIs(1));
  EXPECT_EQ(task.env[0].name, "HOST");
  EXPECT_EQ(task.env[0].value, "$.data.host");
  EXPECT_EQ(task.env[0].value_from, "event");
  EXPECT_EQ(task.env[0].as, "json");
  ASSERT_TRUE(task.resources.has_value());
  EXPECT_THAT(task.resources->limits, ElementsAre(Pair("cpu", "1"), Pair("hugepages-2Mi", "4Mi"),
                                                  Pair("nvidia.com/gpu", "2")));
  EXPECT_THAT(task.resources->requests,
              ElementsAre(Pair("ephemeral-storage", "5Gi"), Pair("memory", "1Gi")));
  EXPECT_EQ(task.working_dir, "/keptn");
  EXPECT_EQ(task.max_poll_duration, 1200);
  EXPECT_EQ(task.name_space, "other");
  EXPECT_EQ(task.ttl_seconds_after_finished, 600);
  const SecurityContext& context = task.security_context;
  ASSERT_TRUE(context.capabilities.has_value());
  EXPECT_THAT(context.capabilities->add, ElementsAre("NET_ADMIN"));
  EXPECT_THAT(context.capabilities->drop, ElementsAre("ALL"));
  EXPECT_EQ(context.privileged, false);
  EXPECT_EQ(context.run_as_user, 7000);
  EXPECT_EQ(context.run_as_group, 8000);
  EXPECT_EQ(context.run_as_non_root, true);
  EXPECT_EQ(context.read_only_root_filesystem, false);
  EXPECT_EQ(context.allow_privilege_escalation, false);
  EXPECT_EQ(context.proc_mount, "Default");
  ASSERT_TRUE(context.seccomp_profile.has_value());
  EXPECT_EQ(context.seccomp_profile->type, "Localhost");
  EXPECT_EQ(context.seccomp_profile->localhost_profile, "p.json");
  EXPECT_EQ(task.service_account, "robot");
  EXPECT_THAT(task.annotations, ElementsAre(Pair("a", "b")));
  EXPECT_EQ(task.on_error, OnError::kWarn);
  EXPECT_EQ(task.result_file, "/keptn/result.json");
  EXPECT_EQ(task.volume_size, "1Gi");
  EXPECT_THAT(task.image_pull_secrets, ElementsAre("regcred"));
  EXPECT_THAT(task.pod_annotations, ElementsAre(Pair("c", "d")));
  EXPECT_THAT(task.pod_labels, ElementsAre(Pair("e", "f")));
  EXPECT_THAT(task.node_selector, ElementsAre(Pair("disk", "ssd")));
  EXPECT_EQ(task.tolerations.dump(),
            R"([{"effect":"NoExecute","key":"gpu","operator":"Equal","tolerationSeconds":30,)"
            R"("value":"true"}])");
  EXPECT_EQ(task.affinity.dump(),
            R"({"nodeAffinity":{"preferredDuringSchedulingIgnoredDuringExecution":[{"preference":)"
            R"({"matchExpressions":[{"key":"k","operator":"In","values":["7","x"]}]},)"
            R"("weight":10}]}})");
  EXPECT_EQ(task.priority_class_name, "high");
  EXPECT_EQ(task.retries, 2);
  EXPECT_EQ(task.parallelism, 3);
  EXPECT_EQ(task.completions, 4);
  EXPECT_EQ(task.queue, "team");
}

TEST(ConfigParser, LeavesAbsentFieldsAlone) {
  const ParsedConfig parsed = Parse(SampleText("NameOnly"));

  ASSERT_EQ(Faults(parsed), "");
  const Task& task = parsed.config.actions[0].tasks[0];
  EXPECT_FALSE(task.resources.has_value());
  EXPECT_FALSE(task.max_poll_duration.has_value());
  EXPECT_FALSE(task.ttl_seconds_after_finished.has_value());
  EXPECT_FALSE(task.service_account.has_value());
  EXPECT_FALSE(task.security_context.capabilities.has_value());
  EXPECT_FALSE(task.retries.has_value());
  EXPECT_TRUE(task.tolerations.is_null());
  EXPECT_TRUE(task.affinity.is_null());
  EXPECT_EQ(task.on_error, OnError::kFail);
}

TEST(ConfigParser, HashesTheBytesAsTheOriginalDoes) {
  EXPECT_EQ(Parse("").config.hash, "6b4e03423667dbb73b6e15454f0eb1abd4597f9a1b078e3f5b5a6bc7");
}

class ConfigParserSamples : public ::testing::TestWithParam<ConfigSample> {};

TEST_P(ConfigParserSamples, HaveTheirFaults) {
  EXPECT_EQ(Faults(Parse(GetParam().text)), GetParam().faults);
}

INSTANTIATE_TEST_SUITE_P(Table, ConfigParserSamples, ::testing::ValuesIn(ConfigSamples()),
                         [](const auto& test) { return test.param.name; });

TEST(ConfigParser, TextsKeepTheirSourceText) {
  const ParsedConfig parsed = Parse(SampleText("Texts"));

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].cmd,
              ElementsAre("1", "true", "1.50", "", "yes", "0x10", "1_000", "2020-01-01", "q", "5",
                          "", "", "", "", "nULL", "null", "hi", "x"));
}

TEST(ConfigParser, BinaryMustBeText) {
  EXPECT_THAT(Faults(ParseFields("cmd: [!!binary /w==]")), HasSubstr("after !!binary"));
  EXPECT_THAT(Faults(ParseFields("cmd: [!!binary =]")), HasSubstr("after !!binary"));
}

TEST(ConfigParser, MapsTakeAnyScalarAsText) {
  const ParsedConfig parsed = Parse(SampleText("Maps"));

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].annotations,
              ElementsAre(Pair("", "y"), Pair("5", "x"), Pair("a", "1"), Pair("b", "true"),
                          Pair("c", ""), Pair("d", "1.50"), Pair("e", "off")));
}

TEST(ConfigParser, NullIsAbsent) {
  const ParsedConfig parsed = Parse(SampleText("Nulls"));

  ASSERT_EQ(Faults(parsed), "");
  const Task& task = parsed.config.actions[0].tasks[0];
  EXPECT_THAT(task.files, IsEmpty());
  EXPECT_FALSE(task.resources.has_value());
  EXPECT_FALSE(task.service_account.has_value());
  EXPECT_FALSE(task.max_poll_duration.has_value());
  EXPECT_FALSE(task.retries.has_value());
  EXPECT_TRUE(task.affinity.is_null());
}

TEST(ConfigParser, EmptyIsNotAbsent) {
  const ParsedConfig parsed = Parse(SampleText("EmptyIsNotAbsent"));

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_TRUE(parsed.config.actions[0].tasks[0].resources.has_value());
  EXPECT_EQ(parsed.config.actions[0].tasks[0].service_account, "");
}

TEST(ConfigParser, NullItemsAreEmptyElements) {
  const ParsedConfig parsed = Parse(SampleText("NullItems"));

  ASSERT_EQ(Faults(parsed), "");
  ASSERT_THAT(parsed.config.actions, SizeIs(2));
  EXPECT_THAT(parsed.config.actions[0].tasks, IsEmpty());
  EXPECT_THAT(parsed.config.actions[1].events, SizeIs(1));
  EXPECT_THAT(parsed.config.actions[1].tasks, SizeIs(1));
}

TEST(ConfigParser, MergeKeysYieldToExplicitKeys) {
  const ParsedConfig parsed = Parse(SampleText("MergeKeys"));

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_EQ(parsed.config.actions[1].name, "first");
  const std::vector<Task>& tasks = parsed.config.actions[0].tasks;
  EXPECT_EQ(tasks[1].name, "after");
  EXPECT_EQ(tasks[1].image, "alpine");
  EXPECT_EQ(tasks[1].max_poll_duration, 7);
  EXPECT_THAT(tasks[1].annotations, ElementsAre(Pair("a", "1"), Pair("b", "3")));
  EXPECT_EQ(tasks[2].name, "base");
  EXPECT_EQ(tasks[2].image, "busybox");
  EXPECT_EQ(tasks[2].working_dir, "/x");
  EXPECT_THAT(tasks[3].args, ElementsAre("second"));
  EXPECT_EQ(tasks[3].queue, "q");
}

TEST(ConfigParser, QuotedMergeKeyIsAnOrdinaryKey) {
  const ParsedConfig parsed = Parse(SampleText("QuotedMergeKey"));

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].annotations, ElementsAre(Pair("<<", "x")));
}

// Each level has ten aliases of the one before.
std::string BillionLaughs(absl::string_view leaf, absl::string_view open, absl::string_view close) {
  std::string text = absl::StrCat("x0: &x0 ", leaf, "\n");
  for (int level = 1; level <= 9; ++level) {
    absl::StrAppend(&text, "x", level, ": &x", level, " ", open);
    for (int i = 0; i < 10; ++i) absl::StrAppend(&text, i == 0 ? "" : ",", "*x", level - 1);
    absl::StrAppend(&text, close, "\n");
  }
  return text;
}

TEST(ConfigParser, RefusesAliasesThatExplode) {
  const char* kUses[] = {
      "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {a: *x9}}}",
      "<<: *x9"};
  for (const char* use : kUses) {
    for (bool merge : {false, true}) {
      const std::string text = absl::StrCat(
          merge ? BillionLaughs("{a: b}", "{<<: [", "]}") : BillionLaughs("[a]", "[", "]"),
          "apiVersion: v2\nactions: [{tasks: [{", use, "}]}]\n");
      EXPECT_FALSE(Parse(text).ok()) << text;
    }
  }
  EXPECT_THAT(Faults(Parse(absl::StrCat(BillionLaughs("[a]", "[", "]"),
                                        "apiVersion: v2\nactions: [{tasks: [{affinity: "
                                        "{nodeAffinity: "
                                        "{requiredDuringSchedulingIgnoredDuringExecution: "
                                        "{a: *x9}}}}]}]\n"))),
              HasSubstr("the aliases of the file expand to more than 100000 values"));
}

TEST(ConfigParser, RefusesLongTextsRepeatedByAliases) {
  std::string text =
      absl::StrCat("apiVersion: v2\nactions: [{name: &n ", std::string(500'000, 'x'), "}");
  for (int i = 0; i < 20; ++i) absl::StrAppend(&text, ", {name: *n}");
  absl::StrAppend(&text, "]\n");

  EXPECT_THAT(Faults(Parse(text)), HasSubstr("or 4194304 bytes"));
}

TEST(ConfigParser, RefusesDeepNesting) {
  const auto nested = [](int depth) {
    return Faults(ParseFields(
        absl::StrCat("affinity: {podAffinity: {requiredDuringSchedulingIgnoredDuringExecution: ",
                     std::string(depth, '['), std::string(depth, ']'), "}}")));
  };

  // Root, actions, action, tasks, task, affinity and its part take seven levels.
  EXPECT_EQ(nested(43), "");
  EXPECT_THAT(nested(44), HasSubstr("nested deeper than 50 levels"));
  EXPECT_THAT(nested(100'000), HasSubstr("nested deeper than 50 levels"));
}

TEST(ConfigParser, RefusesDeepNestingByAliases) {
  std::string text = "x0: &x0 {a: b}\n";
  for (int i = 1; i < 20'000; ++i)
    absl::StrAppend(&text, "x", i, ": &x", i, " {a: *x", i - 1, "}\n");
  const std::string use =
      "apiVersion: v2\nactions: [{tasks: [{affinity: {nodeAffinity: *x19999}}]}]\n";

  EXPECT_THAT(Faults(Parse(text + use)), HasSubstr("nested deeper than 50 levels"));

  text = "x0: &x0 {a: b}\n";
  for (int i = 1; i < 20'000; ++i)
    absl::StrAppend(&text, "x", i, ": &x", i, " {<<: *x", i - 1, "}\n");
  EXPECT_THAT(Faults(Parse(text + use)), HasSubstr("nested deeper than 50 levels"));
}

TEST(ConfigParser, RefusesLargeFiles) {
  const std::string comment(1024 * 1024 - 16, 'x');

  EXPECT_THAT(Parse(absl::StrCat("apiVersion: v2\n#", comment)).status(), IsOk());
  EXPECT_EQ(Faults(Parse(absl::StrCat("apiVersion: v2\n#", comment, "x"))),
            "1:1 the file has 1048577 bytes, allowed are 1048576");
  std::string values = "apiVersion: v2\nactions: [";
  for (int i = 0; i < 110'000; ++i) absl::StrAppend(&values, "~,");
  EXPECT_THAT(Faults(Parse(values + "]")), HasSubstr("more than 100000 values in one file"));
}

TEST(ConfigParser, StatusNamesFileLineAndColumn) {
  const absl::Status status = Parse("apiVersion: v2\nfoo: 1\nbar: 1\n").status();

  EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                               AllOf(HasSubstr("job/config.yaml:2:1: unknown field \"foo\""),
                                     HasSubstr("\njob/config.yaml:3:1: unknown field \"bar\""))));
  EXPECT_EQ(GetReason(status), "CONFIG_INVALID");
}

TEST(ConfigParser, StatusIsBounded) {
  std::string text = "apiVersion: v2\n";
  for (int i = 0; i < 25; ++i) absl::StrAppend(&text, "f", i, ": 1\n");

  const std::string message(Parse(text).status().message());

  EXPECT_THAT(message, HasSubstr("\"f19\""));
  EXPECT_THAT(message, ::testing::Not(HasSubstr("\"f20\"")));
  EXPECT_THAT(message, ::testing::EndsWith("\nand 5 more"));
}

}  // namespace
}  // namespace jobexec::scheduler
