#include "scheduler/jobs/env_builder.h"

#include <gmock/gmock.h>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "scheduler/jobs/job_builder.h"
#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

const nlohmann::json& Document() {
  static const auto* const kDocument = new nlohmann::json(nlohmann::json::parse(R"({
    "id": "4711", "type": "sh.keptn.event.test.triggered",
    "data": {"text": "<a&b>", "number": 1000000, "float": 1.5, "yes": true, "none": null,
             "list": ["a", {"k": 1}], "object": {"z": 1, "a": "x"}, "nul": "a\u0000b"}})"));
  return *kDocument;
}

Task WithEnv(std::vector<EnvVariable> env) {
  Task task;
  task.env = std::move(env);
  return task;
}

// Value of the one variable that the task has.
absl::StatusOr<std::string> ValueOf(const EnvVariable& variable) {
  const auto env = BuildEnv(WithEnv({variable}), {}, Document());
  if (!env.ok()) return env.status();
  return env->env[0]["value"].get<std::string>();
}

struct FormatCase {
  const char* path;
  const char* as;
  const char* value;
};

TEST(BuildEnv, FormatsValuesOfTheEvent) {
  const FormatCase kCases[] = {
      {"$.type", "", "sh.keptn.event.test.triggered"},
      {"$.data.text", "", "<a&b>"},
      {"$.data.text", "json", R"("\u003ca\u0026b\u003e")"},
      {"$.data.text", "YAML", "<a&b>\n"},
      {"$.data.text", "string", "<a&b>"},
      {" $.data.number\n", "", "1000000"},
      {"$.data.number", "Json", "1000000"},
      {"$.data.float", "yaml", "1.5\n"},
      {"$.data.yes", "", "true"},
      {"$.data.none", "", "null"},
      {"$.data.list", "", R"(["a",{"k":1}])"},
      {"$.data.object", "", R"({"a":"x","z":1})"},
      {"$.data.object", "yaml", "a: x\nz: 1\n"},
      {"$.data.list[0]", "", "a"},
      {"$.data.list[*]", "", R"(["a",{"k":1}])"},  // not singular: a list
      {"$.data.list[0,0]", "", R"(["a","a"])"},
      {"$..absent", "", "[]"},
  };
  for (const FormatCase& c : kCases) {
    const auto value = ValueOf({.name = "N", .value = c.path, .value_from = "event", .as = c.as});
    ASSERT_THAT(value, IsOk()) << c.path;
    EXPECT_EQ(*value, c.value) << c.path << " " << c.as;
  }
}

TEST(BuildEnv, LiteralsAndReferencesStayAsTheyAre) {
  EXPECT_EQ(*ValueOf({.name = "N", .value = "$(HOST) $.id", .value_from = "string"}),
            "$(HOST) $.id");
}

TEST(BuildEnv, KeepsTheOrder) {
  const Task task = WithEnv({{.name = "B", .value = "1", .value_from = "string"},
                             {.name = "first", .value_from = "secret"},
                             {.name = "A", .value = "$.id", .value_from = "event"},
                             {.name = "second", .value = "ignored", .value_from = "secret"}});
  const runs::EventFacts facts{.project = "sockshop",
                               .stage = "dev",
                               .service = "carts",
                               .labels = {{"app-version", "0.1.2"}, {"Build ID", "17"}}};

  const auto env = BuildEnv(task, facts, Document());

  ASSERT_THAT(env, IsOk());
  EXPECT_EQ(env->env.dump(), R"([{"name":"B","value":"1"},{"name":"A","value":"4711"},)"
                             R"({"name":"KEPTN_PROJECT","value":"sockshop"},)"
                             R"({"name":"KEPTN_STAGE","value":"dev"},)"
                             R"({"name":"KEPTN_SERVICE","value":"carts"},)"
                             R"({"name":"LABELS_BUILD_ID","value":"17"},)"
                             R"({"name":"LABELS_APP_VERSION","value":"0.1.2"}])");
  EXPECT_EQ(env->env_from.dump(),
            R"([{"secretRef":{"name":"first"}},{"secretRef":{"name":"second"}}])");
}

TEST(BuildEnv, NamesWhatFails) {
  const std::pair<EnvVariable, const char*> kCases[] = {
      {{.name = "N", .value = "$.data.undeploymentstrategy", .value_from = "event"},
       "could not add env with name 'N', value '$.data.undeploymentstrategy', valueFrom 'event': "
       "the event has nothing at $.data.undeploymentstrategy"},
      {{.name = "N", .value = "data.x", .value_from = "event"},
       "could not add env with name 'N', value 'data.x', valueFrom 'event': "},
      {{.name = "N", .value = "", .value_from = "event"}, "valueFrom 'event': "},
      {{.name = "N", .value = "x"},
       "could not add env with name N, unknown valueFrom , expected event, secret or string"},
      {{.name = "N", .value_from = "Secret"}, "unknown valueFrom Secret"},
      {{.value_from = "string", .position = {7, 9}}, "the env entry in line 7 has no name"},
      {{.value_from = "secret", .position = {7, 9}}, "the env entry in line 7 has no name"},
      {{.name = "N", .value = "$.data.nul", .value_from = "event"}, "variable N has a zero byte"},
  };
  for (const auto& [variable, message] : kCases) {
    const auto env = BuildEnv(WithEnv({variable}), {}, Document());
    EXPECT_THAT(env, StatusIs(kInvalid, HasSubstr(message)));
    EXPECT_EQ(GetReason(env.status()), kJobInvalid);
  }
}

TEST(BuildEnv, RefusesWhatLinuxCannotPass) {
  // "N=" and the final zero are in the limit.
  const auto value_of = [](size_t bytes) {
    return ValueOf({.name = "N", .value = std::string(bytes, 'x'), .value_from = "string"});
  };
  EXPECT_THAT(value_of(131072 - 3), IsOk());

  const auto refused = value_of(131072 - 2);

  EXPECT_THAT(refused, StatusIs(kInvalid, AllOf(HasSubstr("variable N has 131073 bytes"),
                                                HasSubstr("131072"))));
  EXPECT_EQ(GetReason(refused.status()), kEnvTooLarge);
}

TEST(BuildEnv, RefusesLabelsThatLinuxCannotPass) {
  const runs::EventFacts facts{.labels = {{"note", std::string(131072, 'x')}}};

  EXPECT_THAT(BuildEnv({}, facts, Document()),
              StatusIs(kInvalid, HasSubstr("variable LABELS_NOTE has")));
}

TEST(LabelVariable, Table) {
  const std::pair<const char*, const char*> kCases[] = {
      {"app-version", "LABELS_APP_VERSION"},
      {"Build ID", "LABELS_BUILD_ID"},
      {"a.b/c", "LABELS_A.B/C"},
      {"", "LABELS_"},
      {"grün=x", "LABELS_GR_N_X"},
      {"a\tb\xff", "LABELS_A_B_"},
  };
  for (const auto& [label, name] : kCases) EXPECT_EQ(LabelVariable(label), name) << label;
}

}  // namespace
}  // namespace jobexec::scheduler
