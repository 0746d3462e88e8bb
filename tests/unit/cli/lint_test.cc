#include "cli/lint.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace jobexec::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// "<line>:<column> <E|W> <rule>: <message>" of every finding, one per line.
std::string Findings(const std::string& content, const LintOptions& options = {}) {
  return absl::StrJoin(Lint(content, options), "\n", [](std::string* out, const Finding& finding) {
    absl::StrAppend(out, finding.position.line, ":", finding.position.column,
                    finding.severity == Severity::kError ? " E " : " W ", finding.rule, ": ",
                    finding.message);
  });
}

// A file whose one task has these fields, in flow style, in line 7.
std::string TaskFile(const std::string& fields) {
  return absl::StrCat(
      "apiVersion: v2\nactions:\n- name: a\n  events: [{name: e}]\n  tasks:\n  - name: t\n",
      "    <<: {image: alpine, ", fields, "}\n");
}

// The same with the events of the one action in line 4.
std::string EventFile(const std::string& events) {
  return absl::StrCat("apiVersion: v2\nactions:\n- name: a\n  events: ", events,
                      "\n  tasks: [{name: t, image: alpine}]\n");
}

constexpr char kClean[] = R"(apiVersion: v2
actions:
  - name: Run tests
    events:
      - name: sh.keptn.event.test.triggered
        jsonpath: {property: $.data.test.teststrategy, match: health}
      - name: ^dev\.example\.(a|b)$
    tasks:
      - name: Smoke
        files: [locust/basic.py, /helm/]
        image: docker.io/locustio/locust:2.8.6
        imagePullPolicy: Always
        cmd: [locust]
        args: [-f, x]
        env:
          - {name: HOST, value: "$.data.uris[0]", valueFrom: event, as: JSON}
          - {name: WHO, value: me, valueFrom: string}
          - {name: my-secret.v1, valueFrom: secret}
        resources:
          limits: {cpu: 1, nvidia.com/gpu: 2, memory: ""}
          requests: {cpu: 1000m, nvidia.com/gpu: "2", memory: 1Gi}
        workingDir: /keptn
        namespace: other
        ttlSecondsAfterFinished: 60
        securityContext:
          capabilities: {add: [NET_ADMIN], drop: [ALL]}
          runAsUser: 7000
          procMount: Default
          seccompProfile: {type: Localhost, localhostProfile: p.json}
        serviceAccount: ""
        annotations: {example.com/a: b}
        volumeSize: 1Gi
        imagePullSecrets: [regcred]
        podLabels: {e: f}
        nodeSelector: {kubernetes.io/arch: amd64}
        priorityClassName: high
        queue: team
)";

TEST(Lint, FindsNothingInAGoodFile) { EXPECT_EQ(Findings(kClean), ""); }

struct Case {
  const char* name;
  std::string content;
  const char* findings;
};

class LintTable : public ::testing::TestWithParam<Case> {};

TEST_P(LintTable, Finds) { EXPECT_EQ(Findings(GetParam().content), GetParam().findings); }

const Case kWholeFile[] = {
    {"NoActions", "apiVersion: v2\n",
     "1:1 W actions: the file has no actions, so nothing ever runs; add one"},
    {"Names",
     "apiVersion: v2\nactions:\n- events: [{name: e}]\n  tasks: [{image: a}]\n"
     "- {name: x, events: [{name: e}], tasks: [{name: t, image: a}, {image: a, name: t}]}\n"
     "- {events: [{name: e}], tasks: [{name: t, image: a}], name: x}\n",
     "3:3 W name: the action has no name; add one: answers, labels and logs show it\n"
     "4:11 W name: the task has no name; add one: answers, labels and logs show it\n"
     "5:80 W name: the task in line 5 has the name \"t\" too; take another one, or answers do not "
     "tell them apart\n"
     "6:61 W name: the action in line 5 has the name \"x\" too; take another one, or answers do "
     "not tell them apart"},
    {"NoTasks", "apiVersion: v2\nactions: [{name: a, events: [{name: e}]}]\n",
     "2:11 W tasks: the action has no tasks and passes at once; add one"},
    {"NoImage", "apiVersion: v2\nactions: [{name: a, events: [{name: e}], tasks: [{name: t}]}]\n",
     "2:50 E image: the task has no image; add one, e.g. image: alpine:3.18"},
};
INSTANTIATE_TEST_SUITE_P(WholeFile, LintTable, ::testing::ValuesIn(kWholeFile),
                         [](const auto& test) { return test.param.name; });

const Case kEvents[] = {
    {"NoEvents", EventFile("[]"),
     "3:3 E unreachable: the action has no events and never runs; add one, e.g. events: [{name: "
     "sh.keptn.event.test.triggered}]"},
    {"BadPattern", EventFile("[{name: \"a(\"}, {name: b}]"),
     "4:19 E event-name: the pattern \"a(\" is no regular expression: missing ): a(; expected RE2 "
     "syntax, e.g. sh.keptn.event.test.triggered"},
    {"NothingMatches", EventFile("[{name: \"a(\"}]"),
     "3:3 E unreachable: none of the action's events can match, so it never runs; mend one of "
     "them\n"
     "4:19 E event-name: the pattern \"a(\" is no regular expression: missing ): a(; expected RE2 "
     "syntax, e.g. sh.keptn.event.test.triggered"},
    {"NoName", EventFile("[{jsonpath: {property: $.data.x, match: y}}]"),
     "4:12 W event-name: the event has no name and matches every type; name one, or \".*\" if that "
     "is meant"},
    {"Sequence", EventFile("[{name: ^sh\\.keptn\\.event\\.dev\\.hello\\.triggered$}, {name: b}]"),
     "4:19 W event-name: \"^sh\\\\.keptn\\\\.event\\\\.dev\\\\.hello\\\\.triggered$\" names the "
     "type of a sequence, which is never matched; expected the type of a task, "
     "sh.keptn.event.<task>.<kind>"},
    {"Wildcard", EventFile("[{name: sh.keptn.event.*.hello.triggered}]"), ""},
    {"MatchAlone", EventFile("[{name: b, jsonpath: {match: x}}]"),
     "4:40 W jsonpath: match without property is ignored; add a property, e.g. $.data.result"},
    {"PropertyAlone", EventFile("[{name: b, jsonpath: {property: $.data.x}}]"),
     "4:32 W jsonpath: property without match equals only the empty text; add a match"},
};
INSTANTIATE_TEST_SUITE_P(Events, LintTable, ::testing::ValuesIn(kEvents),
                         [](const auto& test) { return test.param.name; });

TEST(Lint, BadJsonPathsAreExplained) {
  EXPECT_THAT(Findings(EventFile("[{name: b, jsonpath: {property: data.x, match: y}}]")),
              HasSubstr("4:43 E jsonpath: the property \"data.x\" is no JSONPath: "));
  EXPECT_THAT(Findings(TaskFile("env: [{name: A, value: \"$.a['b\", valueFrom: event}]")),
              HasSubstr("7:48 E env: the value \"$.a[\\'b\" is no JSONPath: "));
}

const Case kEnv[] = {
    {"NoName", TaskFile("env: [{value: x, valueFrom: string}]"),
     "7:31 E env: the variable has no name; add one"},
    {"NoSource", TaskFile("env: [{name: A, value: x}]"),
     "7:31 E env: the variable has no valueFrom; expected event, secret or string"},
    {"UnknownSource", TaskFile("env: [{name: A, valueFrom: file}]"),
     "7:52 E env: valueFrom is \"file\"; expected event, secret or string"},
    {"NoPath", TaskFile("env: [{name: A, valueFrom: event}]"),
     "7:31 E env: the variable has no value; expected a JSONPath, e.g. $.data.result"},
    {"BadName", TaskFile("env: [{name: 1A, value: x, valueFrom: string}]"),
     "7:38 E env: \"1A\" is no name of a variable; expected letters, digits, '_', '-' and '.', not "
     "a digit first"},
    {"BadSecret", TaskFile("env: [{name: My_Secret, valueFrom: secret}]"),
     "7:38 E env: \"My_Secret\" is no name of a Secret; expected lower-case letters, digits, '-' "
     "and '.', at most 253"},
    {"BuiltIn",
     TaskFile("env: [{name: KEPTN_STAGE, value: x, valueFrom: string}, {name: LABELS_A, value: x, "
              "valueFrom: string}]"),
     "7:38 W built-in-env: KEPTN_STAGE is set by jobexec, which wins; take another name\n"
     "7:88 W built-in-env: LABELS_A loses against a label of the event with that name; take a "
     "name that does not begin with LABELS_"},
    {"Twice",
     TaskFile("env: [{name: A, value: x, valueFrom: string}, {name: A, value: y, valueFrom: "
              "string}]"),
     "7:78 W env: A is set in line 7 too; the last one wins, remove the others"},
    {"Ignored",
     TaskFile("env: [{name: A, value: x, valueFrom: string, as: json}, {name: s, value: x, "
              "valueFrom: secret}, {name: B, value: $.x, valueFrom: event, as: text}]"),
     "7:74 W env: as is ignored with valueFrom: string; remove it\n"
     "7:98 W env: value is ignored with valueFrom: secret, all keys of the Secret become "
     "variables; remove it\n"
     "7:165 W env: as: text is ignored; expected json or yaml, or nothing"},
    {"ZeroByte", TaskFile("env: [{name: A, value: \"a\\0b\", valueFrom: string}]"),
     "7:48 E env: the value has a zero byte; remove it"},
};
INSTANTIATE_TEST_SUITE_P(Env, LintTable, ::testing::ValuesIn(kEnv),
                         [](const auto& test) { return test.param.name; });

TEST(Lint, AVariableThatLinuxDoesNotTake) {
  EXPECT_THAT(Findings(TaskFile(absl::StrCat("env: [{name: A, value: ", std::string(131072, 'x'),
                                             ", valueFrom: string}]"))),
              HasSubstr("E env: the variable has 131075 bytes with its name, the limit of Linux "
                        "is 131072; pass it as a file"));
}

const Case kResources[] = {
    {"NoQuantity", TaskFile("resources: {limits: {cpu: 1 core}}"),
     "7:51 E quantity: \"1 core\" is no quantity: its suffix \" core\" is unknown, expected e.g. "
     "500m, 2 or 1.5Gi"},
    {"Negative", TaskFile("resources: {requests: {memory: -1Gi}}"),
     "7:56 E quantity: \"-1Gi\" is too small; expected a quantity of zero or more, e.g. 500m, 2 or "
     "1.5Gi"},
    {"AboveTheLimit", TaskFile("resources: {limits: {cpu: 500m}, requests: {cpu: 1}}"),
     "7:74 E quantity: the request of cpu is 1; expected at most its limit 500m"},
    {"Gpu", TaskFile("resources: {requests: {nvidia.com/gpu: 1}}"),
     "7:64 E quantity: the request of nvidia.com/gpu is 1; expected the same as its limit, write "
     "the limit alone"},
    {"NoVolume", TaskFile("volumeSize: 0"),
     "7:37 E quantity: \"0\" is too small; expected a quantity above zero, e.g. 500m, 2 or 1.5Gi"},
};
INSTANTIATE_TEST_SUITE_P(Resources, LintTable, ::testing::ValuesIn(kResources),
                         [](const auto& test) { return test.param.name; });

const Case kTask[] = {
    {"PullPolicy", TaskFile("imagePullPolicy: always"),
     "7:42 E image: imagePullPolicy is \"always\"; expected Always, IfNotPresent or Never"},
    {"OneWord", TaskFile("cmd: [ls -la]"),
     "7:31 W cmd: \"ls -la\" is taken for the name of a program; write each word as an item of its "
     "own, or cmd: [sh, -c, \"...\"]"},
    {"WorkingDir", TaskFile("workingDir: keptn"),
     "7:37 E cmd: workingDir is \"keptn\"; expected an absolute path, e.g. /keptn"},
    {"Namespace", TaskFile("namespace: a.b"),
     "7:36 E name: namespace is \"a.b\"; expected lower-case letters, digits and '-', at most 63"},
    {"ServiceAccount", TaskFile("serviceAccount: Robot"),
     "7:41 E name: serviceAccount is \"Robot\"; expected lower-case letters, digits, '-' and '.', "
     "at most 253"},
    {"PriorityClass", TaskFile("priorityClassName: A"),
     "7:44 E name: priorityClassName is \"A\"; expected lower-case letters, digits, '-' and '.', "
     "at most 253"},
    {"PullSecret", TaskFile("imagePullSecrets: [a, '']"),
     "7:47 E name: imagePullSecrets is \"\"; expected lower-case letters, digits, '-' and '.', at "
     "most 253"},
    {"Ttl", TaskFile("ttlSecondsAfterFinished: 5"),
     "7:50 W ttl: ttlSecondsAfterFinished is raised from 5 to 60 s, the least there is; write 60 "
     "or more"},
};
INSTANTIATE_TEST_SUITE_P(Task, LintTable, ::testing::ValuesIn(kTask),
                         [](const auto& test) { return test.param.name; });

TEST(Lint, MetadataFilesAndImages) {
  const std::pair<const char*, const char*> kCases[] = {
      {"annotations: {a b: c}", "7:44 E metadata: annotations: key \"a b\""},
      {"podAnnotations: {jobexec.dev/x: c}", "E metadata: podAnnotations: key \"jobexec.dev/x\""},
      {"podLabels: {a: -}", "E metadata: podLabels: a: value \"-\""},
      {"nodeSelector: {a: b c}", "E metadata: nodeSelector: a: value \"b c\""},
      {"queue: a/b", "7:32 E metadata: queue: value \"a/b\""},
      {"files: [a, ../b]", "7:36 E files: "},
      {"files: [\"\"]", "7:33 E files: "},
  };
  for (const auto& [fields, finding] : kCases) {
    EXPECT_THAT(Findings(TaskFile(fields)), HasSubstr(finding)) << fields;
  }
}

const Case kSecurity[] = {
    {"Privileged", TaskFile("securityContext: {privileged: true}"),
     "7:55 E security: privileged containers are not allowed; remove it, or lint with "
     "--allow-privileged-jobs if the installation allows them"},
    {"MayBeRoot", TaskFile("securityContext: {runAsNonRoot: false, runAsUser: 0}"),
     "7:57 W security: the container may run as root; remove runAsNonRoot: false if it need not"},
    {"RootByDefault", TaskFile("securityContext: {runAsUser: 0}"),
     "7:54 W security: user 0 is root, but runAsNonRoot is true by default; add runAsNonRoot: "
     "false, or take another user"},
    {"RootAndNot", TaskFile("securityContext: {runAsUser: 0, runAsNonRoot: true}"),
     "7:54 E security: user 0 is root, but runAsNonRoot is true; change one of them"},
    {"Ids", TaskFile("securityContext: {runAsUser: -1, runAsGroup: 2147483648}"),
     "7:54 E security: runAsUser is -1; expected 0 to 2147483647\n"
     "7:70 E security: runAsGroup is 2147483648; expected 0 to 2147483647"},
    {"Capabilities", TaskFile("securityContext: {capabilities: {add: [X]}}"),
     "7:57 W security: capabilities replaces the default drop: [ALL] too; add drop: [ALL] beside "
     "add"},
    {"ProcMount", TaskFile("securityContext: {procMount: all}"),
     "7:54 E security: procMount is \"all\"; expected Default or Unmasked"},
    {"SeccompType", TaskFile("securityContext: {seccompProfile: {type: x}}"),
     "7:66 E security: the type is \"x\"; expected RuntimeDefault, Localhost or Unconfined"},
    {"SeccompFile",
     TaskFile("securityContext: {seccompProfile: {type: Unconfined, localhostProfile: p}}"),
     "7:59 E security: localhostProfile goes with type: Localhost only; remove it"},
    {"NoSeccompFile", TaskFile("securityContext: {seccompProfile: {type: Localhost}}"),
     "7:59 E security: type: Localhost needs a localhostProfile; add it"},
};
INSTANTIATE_TEST_SUITE_P(Security, LintTable, ::testing::ValuesIn(kSecurity),
                         [](const auto& test) { return test.param.name; });

TEST(Lint, PrivilegedWhereTheInstallationAllowsIt) {
  const LintOptions options = {.allow_privileged = true};
  EXPECT_THAT(Findings(TaskFile("securityContext: {privileged: true}"), options),
              HasSubstr("E security: privileged needs allowPrivilegeEscalation: true"));
  EXPECT_EQ(Findings(TaskFile("securityContext: {privileged: true, allowPrivilegeEscalation: yes}"),
                     options),
            "");
}

TEST(Lint, ImagesAgainstTheAllowList) {
  const LintOptions options = {.allowed_images =
                                   *scheduler::ImageAllowlist::Parse("docker.io/*,busybox:*")};
  EXPECT_EQ(Findings(TaskFile("workingDir: /"), options),
            "7:17 E image: \"alpine\" is not on the image allow-list; take an image that it names "
            "exactly as written here, or have it extended");
  EXPECT_EQ(Findings(TaskFile("workingDir: /"),
                     {.allowed_images = *scheduler::ImageAllowlist::Parse("alp*")}),
            "");
}

TEST(Lint, TheParsersFaultsComeWithWhatIsWrongBesides) {
  const std::string content =
      "apiVersion: v2\nactions:\n- nam: a\n  events: [{name: \"(\"}]\n  tasks: [{imag: x}]\n";

  EXPECT_EQ(Findings(content),
            "3:3 E parser: unknown field \"nam\" in an action; allowed are name, events, tasks, "
            "silent\n"
            "3:3 E unreachable: none of the action's events can match, so it never runs; mend one "
            "of them\n"
            "4:19 E event-name: the pattern \"(\" is no regular expression: missing ): (; expected "
            "RE2 syntax, e.g. sh.keptn.event.test.triggered\n" +
                Findings("apiVersion: v2\nactions:\n- name: a\n  events: [{name: e}]\n"
                         "  tasks: [{imag: x}]\n",
                         {.parser_only = true}));
}

TEST(Lint, NothingIsSaidOfAValueThatTheParserRefused) {
  EXPECT_EQ(Findings(TaskFile("ttlSecondsAfterFinished: 3000000000")),
            "7:50 E parser: ttlSecondsAfterFinished is \"3000000000\", expected an integer from "
            "-2147483648 to 2147483647");
}

TEST(Lint, ParserOnlyIsTheParsersVerdictAlone) {
  EXPECT_THAT(Lint(EventFile("[{name: \"(\"}]"), {.parser_only = true}), IsEmpty());
  EXPECT_THAT(Lint("apiVersion: v1\n", {.parser_only = true}), SizeIs(1));
  EXPECT_THAT(Lint("{", {.parser_only = true}), SizeIs(1));
  EXPECT_THAT(Lint("{", {}), SizeIs(1));
}

TEST(Lint, AnAliasIsReportedOnce) {
  EXPECT_EQ(Findings("apiVersion: v2\nactions:\n- name: a\n  events: [{name: e}]\n"
                     "  tasks: [&t {name: x, image: A}, {<<: *t, name: y}]\n"),
            "5:31 E image: \"A\" is no image; expected [registry/]name[:tag][@digest] with a name "
            "in lower case");
}

TEST(Lint, OfVeryManyFindingsTheFirst) {
  std::string tasks;
  for (int i = 0; i < 2000; ++i) absl::StrAppend(&tasks, "  - name: t", i, "\n");
  EXPECT_THAT(
      Lint("apiVersion: v2\nactions:\n- name: a\n  events: [{name: e}]\n  tasks:\n" + tasks, {}),
      SizeIs(1000));
}

}  // namespace
}  // namespace jobexec::cli
