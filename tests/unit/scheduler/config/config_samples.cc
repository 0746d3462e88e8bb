#include "tests/unit/scheduler/config/config_samples.h"

#include <stdexcept>

#include "absl/strings/str_cat.h"

namespace jobexec::scheduler {
namespace {

struct Sample {
  const char* name;
  const char* text;
  const char* faults = "";
};

constexpr char kEveryField[] = R"(apiVersion: v2
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
)";

constexpr char kMergeKeys[] = R"(apiVersion: v2
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
)";

const Sample kFiles[] = {
    {"EveryField", kEveryField},
    {"MergeKeys", kMergeKeys},
    {"NoActions", "apiVersion: v2\n"},
    {"NullActions", "apiVersion: v2\nactions:\n"},
    {"NullItems", "apiVersion: v2\nactions:\n  -\n  - events:\n      -\n    tasks:\n      -\n"},
    {"NullFilter", "apiVersion: v2\nactions: [{events: [{name: x, jsonpath: ~}], tasks: ~}]\n"},
    {"SecondDocument", "apiVersion: v2\n---\napiVersion: v9\n"},
    {"BrokenSecondDocument", "apiVersion: v2\n---\n]broken: [\n"},
    {"TextBehindTheEnd", "--- # comment\napiVersion: v2\n...\n@\n"},
    {"ByteOrderMark",
     "\xEF\xBB\xBF"
     "apiVersion: v2\nactions: []\n"},
    {"WindowsLinesInOrder", "apiVersion: v2\r\nactions:\r\n  - name: a\r\n    silent: yes\r\n"},
    {"QuotedKeys", "'apiVersion': \"v2\"\n\"actions\": []\n"},
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
     "1:13 not valid YAML: an alias (*) of an anchor (&) that is not defined above"},
    {"AliasInItself", "apiVersion: v2\nactions: &a [*a]\n", "2:14 the alias contains itself"},
    {"BadMerge", "apiVersion: v2\n<<: x\n",
     "2:5 << takes a mapping or a list of mappings, usually aliases"},
    {"WindowsLines", "apiVersion: v2\r\nfoo: 1\r\n",
     "2:1 unknown field \"foo\" in a mapping; allowed are apiVersion, actions"},
    {"FaultInAnAnchor", "apiVersion: v2\nactions:\n  - &a {nam: x}\n  - *a\n  - <<: *a\n",
     "3:9 unknown field \"nam\" in an action; allowed are name, events, tasks, silent"},
    {"ControlCharacter", "apiVersion: v2\x04\n", "1:15 control character U+0004 is not allowed"},
    {"NotUtf8", "apiVersion: \xff\n", "1:13 the file is not UTF-8 text"},
};

// Fields of the one task of a file, from line 3 on.
const Sample kTasks[] = {
    {"NameOnly", "name: t"},
    {"Texts",
     "cmd: [1, true, 1.50, ~, yes, 0x10, 1_000, 2020-01-01, \"q\", !!str 5, \"\", null, Null, "
     "NULL, nULL, 'null', !!binary aGk=, !own x]"},
    {"Maps", "annotations: {a: 1, b: true, c: ~, 5: x, d: 1.50, e: off, ~: y}"},
    {"Nulls",
     "name: ~, files: null, cmd: , env: Null, resources: NULL, serviceAccount: ~, "
     "maxPollDuration: ~, annotations: , securityContext: ~, tolerations: ~, affinity: ~, "
     "onError: ~, resultFile: ~, retries: ~, queue: ~"},
    {"NullsInside",
     "resources: {limits: ~, requests: {cpu: ~}}, securityContext: {capabilities: ~, privileged: "
     "~, "
     "seccompProfile: ~}, tolerations: [~], affinity: {nodeAffinity: ~, podAffinity: "
     "{requiredDuringSchedulingIgnoredDuringExecution: ~}}, files: [~], env: [~]"},
    {"EmptyIsNotAbsent", "resources: {}, serviceAccount: '', cmd: []"},
    {"QuotedMergeKey", "annotations: {'<<': x}"},
    {"Numbers",
     "maxPollDuration: 0x4B0, ttlSecondsAfterFinished: -1.9, retries: 0b11, parallelism: 1_0, "
     "completions: 1e3, securityContext: {runAsUser: 010, runAsGroup: 0o17}"},
    {"NumbersAtTheLimits",
     "maxPollDuration: -9223372036854775808, ttlSecondsAfterFinished: 2147483647.9, retries: 0, "
     "parallelism: 2147483647, completions: 1.9"},
    {"BoolWords",
     "securityContext: {privileged: Off, runAsNonRoot: y, readOnlyRootFilesystem: NO, "
     "allowPrivilegeEscalation: TRUE}"},
    {"NotJudgedHere",
     "image: ' ', imagePullPolicy: whatever, namespace: A b, volumeSize: big, env: [{valueFrom: "
     "nowhere, as: xml}], resources: {limits: {cpu: lots}}, files: [../x], securityContext: "
     "{procMount: x, seccompProfile: {type: y}}, podLabels: {'a b': c}"},
    {"EmptyAffinity", "affinity: {}, tolerations: [{}], nodeSelector: {}"},
    {"ResourceNames",
     "resources: {limits: {cpu: 1, memory: 1, ephemeral-storage: 1, hugepages-2Mi: 1, a.b/c: 1}}"},
    {"AbsoluteResultFile", "resultFile: /tmp/r, onError: warn"},
    {"EmptyResultFile", "resultFile: ''"},
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
     "3:26 nodeAffinity is a list, expected a nodeAffinity with the fields "
     "requiredDuringSchedulingIgnoredDuringExecution, "
     "preferredDuringSchedulingIgnoredDuringExecution"},
    {"AffinityTypo", "affinity: {podAffinity: {preferred: []}}",
     "3:26 unknown field \"preferred\" in a podAffinity; allowed are "
     "requiredDuringSchedulingIgnoredDuringExecution, "
     "preferredDuringSchedulingIgnoredDuringExecution"},
    {"RequiredNodesAsList",
     "affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: []}}",
     "3:75 requiredDuringSchedulingIgnoredDuringExecution is a list, expected a mapping as "
     "Kubernetes takes it"},
    {"RequiredPodsAsMapping",
     "affinity: {podAntiAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {}}}",
     "3:78 requiredDuringSchedulingIgnoredDuringExecution is a mapping, expected a list as "
     "Kubernetes takes it"},
    {"PreferredNodesAsText",
     "affinity: {nodeAffinity: {preferredDuringSchedulingIgnoredDuringExecution: x}}",
     "3:76 preferredDuringSchedulingIgnoredDuringExecution is \"x\", expected a list as "
     "Kubernetes takes it"},
    {"TooLargeForADouble", "maxPollDuration: 1e400",
     "3:18 maxPollDuration is \"1e400\", expected an integer without quotes"},
    {"TolerationSeconds", "tolerations: [{tolerationSeconds: soon}]",
     "3:35 tolerationSeconds is \"soon\", expected an integer without quotes"},
    {"ColumnsCountCharacters", "name: gr\u00fc\u00dfe \U0001F600, foo: 1",
     "3:16 unknown field \"foo\" in a task; allowed are name, files, image, imagePullPolicy, cmd, "
     "args, env, resources, workingDir, maxPollDuration, namespace, ttlSecondsAfterFinished, "
     "securityContext, serviceAccount, annotations, onError, resultFile, volumeSize, "
     "imagePullSecrets, podAnnotations, podLabels, nodeSelector, tolerations, affinity, "
     "priorityClassName, retries, parallelism, completions, queue"},
    {"TwiceTheSame", "image: a, cmd: [x], image: b",
     "3:21 field \"image\" is already set in line 3"},
    {"PullSecretsAsText", "imagePullSecrets: regcred",
     "3:19 imagePullSecrets is \"regcred\", expected a list, e.g. [\"regcred\"]"},
    {"QueueAsList", "queue: [a]", "3:8 queue is a list, expected a text"},
    {"BinaryThatIsNoText", "cmd: [!!binary /w==]",
     "3:7 cmd[0] is \"/w==\", expected text in UTF-8 and Base64 after !!binary"},
    {"EnvAsMapping", "env: {A: b}", "3:6 env is a mapping, expected a list"},
    {"UnknownEnvField", "env: [{nme: b}]",
     "3:8 unknown field \"nme\" in an env entry; allowed are name, value, valueFrom, as"},
    {"LongText",
     "cmd: 01234567890123456789012345678901234567890123456789012345678é01234567890123456789",
     "3:6 cmd is \"01234567890123456789012345678901234567890123456789012345678...\", expected a "
     "list, e.g. [\"01234567890123456789012345678901234567890123456789012345678...\"]"},
};

std::vector<ConfigSample> MakeSamples() {
  std::vector<ConfigSample> samples;
  for (const Sample& file : kFiles) samples.push_back({file.name, file.text, file.faults});
  for (const Sample& task : kTasks) {
    samples.push_back({task.name, TaskFile(task.text), task.faults});
  }
  return samples;
}

}  // namespace

std::string TaskFile(absl::string_view fields) {
  return absl::StrCat("apiVersion: v2\nactions: [{tasks: [{\n", fields, "\n}]}]\n");
}

const std::vector<ConfigSample>& ConfigSamples() {
  static const auto* const kSamples = new std::vector<ConfigSample>(MakeSamples());
  return *kSamples;
}

const std::string& SampleText(absl::string_view name) {
  for (const ConfigSample& sample : ConfigSamples()) {
    if (sample.name == name) return sample.text;
  }
  throw std::invalid_argument("no such sample");
}

}  // namespace jobexec::scheduler
