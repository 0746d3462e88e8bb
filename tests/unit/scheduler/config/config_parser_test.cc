#include "scheduler/config/config_parser.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/status_details.h"
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
using ::testing::SizeIs;

ParsedConfig Parse(absl::string_view text) { return ParseJobConfig("job/config.yaml", text); }

// "line:column message" of every fault, one per line.
std::string Faults(const ParsedConfig& parsed) {
  return absl::StrJoin(parsed.faults, "\n", [](std::string* out, const ConfigFault& fault) {
    absl::StrAppend(out, fault.position.line, ":", fault.position.column, " ", fault.message);
  });
}

// A file with one action of one task, whose fields follow in flow style.
ParsedConfig ParseTask(absl::string_view fields) {
  return Parse(absl::StrCat("apiVersion: v2\nactions: [{tasks: [{\n", fields, "\n}]}]\n"));
}

TEST(ConfigParser, ReadsEveryField) {
  const ParsedConfig parsed = Parse(R"(apiVersion: v2
actions:
  - name: Run tests
    silent: true
    events:
      - name: sh.keptn.event.test.triggered
        jsonpath:
          property: $.data.test.teststrategy
          match: health
    tasks:
      - name: Smoke
        files: [locust/basic.py, /helm]
        image: locustio/locust
        imagePullPolicy: Always
        cmd: [locust]
        args: [-f, x]
        env:
          - {name: HOST, value: $.data.host, valueFrom: event, as: json}
        resources:
          limits: {cpu: 1, nvidia.com/gpu: 2, hugepages-2Mi: 4Mi}
          requests: {memory: 1Gi, ephemeral-storage: 5Gi}
        workingDir: /keptn
        maxPollDuration: 1200
        namespace: other
        ttlSecondsAfterFinished: 600
        securityContext:
          capabilities: {add: [NET_ADMIN], drop: [ALL]}
          privileged: false
          runAsUser: 7000
          runAsGroup: 8000
          runAsNonRoot: yes
          readOnlyRootFilesystem: off
          allowPrivilegeEscalation: n
          procMount: Default
          seccompProfile: {type: Localhost, localhostProfile: p.json}
        serviceAccount: robot
        annotations: {a: b}
        onError: warn
        resultFile: /keptn/result.json
        volumeSize: 1Gi
        imagePullSecrets: [regcred]
        podAnnotations: {c: d}
        podLabels: {e: f}
        nodeSelector: {disk: ssd}
        tolerations:
          - {key: gpu, operator: Equal, value: true, effect: NoExecute, tolerationSeconds: 30}
        affinity:
          nodeAffinity:
            preferredDuringSchedulingIgnoredDuringExecution:
              - weight: 10
                preference: {matchExpressions: [{key: k, operator: In, values: ["7", x]}]}
        priorityClassName: high
        retries: 2
        parallelism: 3
        completions: 4
        queue: team
)");

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
  const ParsedConfig parsed = ParseTask("name: t");

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

struct FaultCase {
  const char* name;
  const char* text;
  const char* faults;
};

class ConfigParserFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(ConfigParserFaults, AreReported) {
  EXPECT_EQ(Faults(Parse(GetParam().text)), GetParam().faults);
}

const FaultCase kFaultCases[] = {
    {"EmptyFile", "", "1:1 apiVersion must be specified, use v2"},
    {"OnlyComments", "# nothing\n", "1:1 apiVersion must be specified, use v2"},
    {"NoApiVersion", "actions: []\n", "1:1 apiVersion must be specified, use v2"},
    {"NullApiVersion", "apiVersion: ~\n", "1:1 apiVersion must be specified, use v2"},
    {"EmptyApiVersion", "apiVersion: ''\n", "1:13 apiVersion must be specified, use v2"},
    {"OldApiVersion", "apiVersion: v1\n", "1:13 apiVersion v1 is not supported, use v2"},
    {"WrongCase", "apiVersion: V2\n", "1:13 apiVersion V2 is not supported, use v2"},
    {"NumberApiVersion", "apiVersion: 2\n", "1:13 apiVersion 2 is not supported, use v2"},
    {"ListApiVersion", "apiVersion: [v2]\n", "1:13 apiVersion is a list, expected a text"},
    {"ScalarFile", "hello\n",
     "1:1 the file is \"hello\", expected a mapping with the fields apiVersion, actions"},
    {"ListFile", "- a\n",
     "1:1 the file is a list, expected a mapping with the fields apiVersion, actions"},
    {"ActionsMapping", "apiVersion: v2\nactions: {}\n",
     "2:10 actions is a mapping, expected a list"},
    {"ScalarAction", "apiVersion: v2\nactions: [x]\n",
     "2:11 actions[0] is \"x\", expected an action with the fields name, events, tasks, silent"},
    {"AllAtOnce",
     "apiVersion: v3\nfoo: 1\nactions:\n  - nam: a\n    silent: maybe\n    silent: no\n",
     "1:13 apiVersion v3 is not supported, use v2\n"
     "2:1 unknown field \"foo\" in a mapping; allowed are apiVersion, actions\n"
     "4:5 unknown field \"nam\" in an action; allowed are name, events, tasks, silent\n"
     "5:13 silent is \"maybe\", expected true or false without quotes\n"
     "6:5 field \"silent\" is already set in line 5"},
    {"UnknownJsonPathField", "apiVersion: v2\nactions: [{events: [{jsonpath: {path: x}}]}]\n",
     "2:33 unknown field \"path\" in a jsonpath; allowed are property, match"},
    {"ListKey", "apiVersion: v2\n? [a]\n: 1\n", "2:3 a key is a list, expected a text"},
    {"UnknownResource", "apiVersion: v2\nactions: [{tasks: [{resources: {limits: {cpus: 1}}}]}]\n",
     "2:42 unknown resource \"cpus\"; allowed are cpu, memory, ephemeral-storage, hugepages-<size> "
     "and names with a domain, e.g. nvidia.com/gpu"},
    {"DuplicateMapKey", "apiVersion: v2\nactions: [{tasks: [{annotations: {5: a, '5': b}}]}]\n",
     "2:41 field \"5\" is already set in line 2"},
    {"Tab", "apiVersion: v2\nactions:\n\t- name: a\n",
     "3:2 not valid YAML: the line is indented by a tab; use blanks"},
    {"MissingColon", "apiVersion: v2\nactions\n", "2:1 expected \":\" after the key"},
    {"MissingColonBelow", "apiVersion: v2\nactions:\n  - name: a\n    silent\n",
     "4:5 expected \":\" after the key"},
    {"StrayWords", "apiVersion: v2\nactions: []\nfoo bar\n", "3:1 expected \":\" after the key"},
    {"ManyLinesInAKey", "apiVersion: \"v1\\nx\"\n",
     "1:13 apiVersion v1\\nx is not supported, use v2"},
    {"Garbage", "{apiVersion: v2} x\n",
     "1:18 not valid YAML: does not belong to what is above; check the indentation"},
    {"WrongIndentation", "  apiVersion: v2\nactions: []\n",
     "2:1 not valid YAML: does not belong to what is above; check the indentation"},
    {"UnknownAnchor", "apiVersion: *x\n",
     "1:13 not valid YAML: the referenced anchor is not defined"},
    {"AliasInItself", "apiVersion: v2\nactions: &a [*a]\n", "2:14 the alias contains itself"},
    {"BadMerge", "apiVersion: v2\n<<: x\n",
     "2:5 << takes a mapping or a list of mappings, usually aliases"},
    {"ControlCharacter", "apiVersion: v2\x04\n", "1:15 control character U+0004 is not allowed"},
    {"NotUtf8", "apiVersion: \xff\n", "1:13 the file is not UTF-8 text"},
};
INSTANTIATE_TEST_SUITE_P(Table, ConfigParserFaults, ::testing::ValuesIn(kFaultCases),
                         [](const auto& test) { return test.param.name; });

class ConfigParserTaskFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(ConfigParserTaskFaults, AreReported) {
  EXPECT_EQ(Faults(ParseTask(GetParam().text)), GetParam().faults);
}

const FaultCase kTaskFaultCases[] = {
    {"CommandAsText", "cmd: echo", "3:6 cmd is \"echo\", expected a list, e.g. [\"echo\"]"},
    {"FilesAsMapping", "files: {a: b}", "3:8 files is a mapping, expected a list"},
    {"ListItem", "args: [a, [b]]", "3:11 args[1] is a list, expected a text"},
    {"AnnotationsAsList", "annotations: [{a: b}]",
     "3:14 annotations is a list, expected a mapping of texts, e.g. {key: value}"},
    {"NestedAnnotation", "annotations: {a: {b: c}}",
     "3:18 annotations.a is a mapping, expected a text"},
    {"QuotedNumber", "maxPollDuration: '10'",
     "3:18 maxPollDuration is the quoted text \"10\", expected an integer without quotes"},
    {"TooLarge", "ttlSecondsAfterFinished: 3000000000",
     "3:26 ttlSecondsAfterFinished is \"3000000000\", expected an integer from -2147483648 to "
     "2147483647"},
    {"TooLargeFloat", "maxPollDuration: 1e19",
     "3:18 maxPollDuration is \"1e19\", expected an integer from -9223372036854775808 to "
     "9223372036854775807"},
    {"QuotedBool", "securityContext: {privileged: 'yes'}",
     "3:31 privileged is the quoted text \"yes\", expected true or false without quotes"},
    {"NumberAsBool", "securityContext: {privileged: 1}",
     "3:31 privileged is \"1\", expected true or false without quotes"},
    {"SeccompWithoutType", "securityContext: {seccompProfile: {localhostProfile: x}}",
     "3:35 seccompProfile has no type, expected RuntimeDefault, Localhost or Unconfined"},
    {"SeccompNullType", "securityContext: {seccompProfile: {type: ~}}",
     "3:35 seccompProfile has no type, expected RuntimeDefault, Localhost or Unconfined"},
    {"SeLinux", "securityContext: {seLinuxOptions: {}}",
     "3:19 unknown field \"seLinuxOptions\" in a securityContext; allowed are capabilities, "
     "privileged, runAsUser, runAsGroup, runAsNonRoot, readOnlyRootFilesystem, "
     "allowPrivilegeEscalation, procMount, seccompProfile"},
    {"OnError", "onError: ignore", "3:10 onError is \"ignore\", expected fail or warn"},
    {"ResultFile", "resultFile: result.json",
     "3:13 resultFile is \"result.json\", expected an absolute path, e.g. /keptn/result.json"},
    {"Retries", "retries: -1", "3:10 retries is \"-1\", expected an integer from 0 to 2147483647"},
    {"Parallelism", "parallelism: 0",
     "3:14 parallelism is \"0\", expected an integer from 1 to 2147483647"},
    {"Completions", "completions: 0",
     "3:14 completions is \"0\", expected an integer from 1 to 2147483647"},
    {"Toleration", "tolerations: [{kye: a}]",
     "3:16 unknown field \"kye\" in a toleration; allowed are key, operator, value, effect, "
     "tolerationSeconds"},
    {"TolerationsMapping", "tolerations: {key: a}",
     "3:14 tolerations is a mapping, expected a list"},
    {"Affinity", "affinity: {node: {}}",
     "3:12 unknown field \"node\" in an affinity; allowed are nodeAffinity, podAffinity, "
     "podAntiAffinity"},
    {"AffinityPart", "affinity: {nodeAffinity: [a]}",
     "3:26 nodeAffinity is a list, expected a mapping as Kubernetes takes it"},
    {"EnvAsMapping", "env: {A: b}", "3:6 env is a mapping, expected a list"},
    {"UnknownEnvField", "env: [{nme: b}]",
     "3:8 unknown field \"nme\" in an env entry; allowed are name, value, valueFrom, as"},
    {"LongText",
     "cmd: 01234567890123456789012345678901234567890123456789012345678é01234567890123456789",
     "3:6 cmd is \"01234567890123456789012345678901234567890123456789012345678...\", expected a "
     "list, e.g. [\"01234567890123456789012345678901234567890123456789012345678...\"]"},
};
INSTANTIATE_TEST_SUITE_P(Table, ConfigParserTaskFaults, ::testing::ValuesIn(kTaskFaultCases),
                         [](const auto& test) { return test.param.name; });

TEST(ConfigParser, TextsKeepTheirSourceText) {
  const ParsedConfig parsed = ParseTask(
      "cmd: [1, true, 1.50, ~, yes, 0x10, 1_000, 2020-01-01, \"q\", !!str 5, \"\", null, Null, "
      "NULL, nULL, 'null', !!binary aGk=, !own x]");

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].cmd,
              ElementsAre("1", "true", "1.50", "", "yes", "0x10", "1_000", "2020-01-01", "q", "5",
                          "", "", "", "", "nULL", "null", "hi", "x"));
}

TEST(ConfigParser, BinaryMustBeText) {
  EXPECT_THAT(Faults(ParseTask("cmd: [!!binary /w==]")), HasSubstr("after !!binary"));
  EXPECT_THAT(Faults(ParseTask("cmd: [!!binary =]")), HasSubstr("after !!binary"));
}

TEST(ConfigParser, MapsTakeAnyScalarAsText) {
  const ParsedConfig parsed =
      ParseTask("annotations: {a: 1, b: true, c: ~, 5: x, d: 1.50, e: off, ~: y}");

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].annotations,
              ElementsAre(Pair("", "y"), Pair("5", "x"), Pair("a", "1"), Pair("b", "true"),
                          Pair("c", ""), Pair("d", "1.50"), Pair("e", "off")));
}

TEST(ConfigParser, NullIsAbsent) {
  const ParsedConfig parsed = ParseTask(
      "name: ~, files: null, cmd: , env: Null, resources: NULL, serviceAccount: ~, "
      "maxPollDuration: ~, annotations: , securityContext: ~, tolerations: ~, affinity: ~, "
      "onError: ~, retries: ~");

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
  const ParsedConfig parsed = ParseTask("resources: {}, serviceAccount: '', cmd: []");

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_TRUE(parsed.config.actions[0].tasks[0].resources.has_value());
  EXPECT_EQ(parsed.config.actions[0].tasks[0].service_account, "");
}

TEST(ConfigParser, NullItemsAreEmptyElements) {
  const ParsedConfig parsed =
      Parse("apiVersion: v2\nactions:\n  -\n  - events:\n      -\n    tasks:\n      -\n");

  ASSERT_EQ(Faults(parsed), "");
  ASSERT_THAT(parsed.config.actions, SizeIs(2));
  EXPECT_THAT(parsed.config.actions[0].tasks, IsEmpty());
  EXPECT_THAT(parsed.config.actions[1].events, SizeIs(1));
  EXPECT_THAT(parsed.config.actions[1].tasks, SizeIs(1));
}

TEST(ConfigParser, ReadsTheFirstDocumentOnly) {
  EXPECT_THAT(Parse("apiVersion: v2\n---\napiVersion: v9\n").status(), IsOk());
  EXPECT_THAT(Parse("apiVersion: v2\n---\n]broken: [\n").status(), IsOk());
  EXPECT_THAT(Parse("--- # comment\napiVersion: v2\n...\n@\n").status(), IsOk());
}

TEST(ConfigParser, MergeKeysYieldToExplicitKeys) {
  const ParsedConfig parsed = Parse(R"(apiVersion: v2
actions:
  - name: &name first
    tasks:
      - &base
        name: base
        image: alpine
        annotations: &notes {a: "1", b: "2"}
        maxPollDuration: 7
      - <<: *base
        name: after
        annotations: {<<: *notes, b: "3"}
      - image: busybox
        <<: [*base, {image: never, workingDir: /x}]
      - <<: {args: [first], queue: q}
        <<: {args: [second]}
  - name: *name
)");

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
  const ParsedConfig parsed = ParseTask("annotations: {'<<': x}");

  ASSERT_EQ(Faults(parsed), "");
  EXPECT_THAT(parsed.config.actions[0].tasks[0].annotations, ElementsAre(Pair("<<", "x")));
}

TEST(ConfigParser, AFaultInAnAnchorIsReportedOnce) {
  const ParsedConfig parsed =
      Parse("apiVersion: v2\nactions:\n  - &a {nam: x}\n  - *a\n  - <<: *a\n");

  EXPECT_EQ(Faults(parsed),
            "3:9 unknown field \"nam\" in an action; allowed are name, events, tasks, silent");
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
  const char* kUses[] = {"affinity: {nodeAffinity: {a: *x9}}", "<<: *x9"};
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
                                        "{nodeAffinity: {a: *x9}}}]}]\n"))),
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
    return Faults(ParseTask(absl::StrCat("affinity: {nodeAffinity: {a: ", std::string(depth, '['),
                                         std::string(depth, ']'), "}}")));
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
