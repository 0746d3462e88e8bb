#include "scheduler/config/compiled_config.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace jobexec::scheduler {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr char kType[] = "sh.keptn.event.test.triggered";

const nlohmann::json& Document() {
  static const auto* const kDocument = new nlohmann::json(nlohmann::json::parse(R"({
    "id": "4711", "source": "shipyard", "type": "sh.keptn.event.test.triggered",
    "shkeptncontext": "", "extension": "x",
    "data": {"stage": "dev", "number": 1, "large": 1000000, "half": 0.5, "yes": true, "none": null,
             "list": ["a", 2, {"k": "v"}], "names-dash": "d"}})"));
  return *kDocument;
}

Action WithFilters(std::vector<EventFilter> filters) {
  Action action;
  action.events = std::move(filters);
  return action;
}

CompiledConfig Compile(std::vector<Action> actions) {
  JobConfig config;
  config.actions = std::move(actions);
  return CompiledConfig(std::move(config));
}

bool Matches(const EventFilter& filter, absl::string_view type = kType) {
  return !MatchingActions(Compile({WithFilters({filter})}), type, Document()).empty();
}

struct TypeCase {
  const char* pattern;
  const char* type;
  bool matches;
};

TEST(MatchingActions, SearchesTheTypeUnanchored) {
  const TypeCase kCases[] = {
      {"", kType, true},
      {"sh.keptn.event.test.triggered", kType, true},
      {"sh.keptn.event.*.triggered", kType, true},
      {"test", kType, true},
      {"^test", kType, false},
      {"^sh\\.keptn\\.event\\.test\\.triggered$", kType, true},
      {"sh.keptn.event.test.triggered", "xsh-keptn.event.test.triggeredfoo", true},
      {"TEST", kType, false},
      {"(?i)TEST", kType, true},
      {"deployment", kType, false},
      {"(", kType, false},
      {"a{1001}", kType, false},
      {"com.example", "com.example.object.created", true},
      {"", "com.example.object.created", true},
  };
  for (const TypeCase& c : kCases) {
    EXPECT_EQ(Matches({.type_pattern = c.pattern}, c.type), c.matches)
        << c.pattern << " " << c.type;
  }
}

TEST(MatchingActions, KeptnTypesOfOtherThanFivePartsNeverMatch) {
  for (const char* type : {"sh.keptn.event.dev.delivery.triggered", "sh.keptn.event.triggered",
                           "sh.keptn.event..triggered", "sh.keptn.event.service.create.finished",
                           "sh.keptn.event.test."}) {
    EXPECT_FALSE(Matches({.type_pattern = ""}, type)) << type;
  }
  EXPECT_TRUE(Matches({.type_pattern = ""}, "sh.keptn.log.error"));
  EXPECT_TRUE(Matches({.type_pattern = ""}, "com.example.a.b.c.triggered"));
}

struct PathCase {
  const char* property;
  const char* match;
  bool matches;
};

TEST(MatchingActions, ComparesTheTextOfScalars) {
  const PathCase kCases[] = {
      {"$.data.stage", "dev", true},
      {"$.data.stage", "Dev", false},
      {"  $.data.stage\t", "dev", true},
      {"", "whatever", true},
      {"$.type", kType, true},
      {"$.source", "shipyard", true},
      {"$.id", "4711", true},
      {"$.extension", "x", true},
      {"$.shkeptncontext", "", true},
      {"$.data.number", "1", true},
      {"$.data.number", "1.0", false},
      {"$.data.large", "1000000", true},
      {"$.data.half", "0.5", true},
      {"$.data.yes", "true", true},
      {"$.data.none", "null", false},
      {"$.data.none", "", false},
      {"$.data.absent", "", false},
      {"$.data.list", "a", false},
      {"$.data.list[0]", "a", true},
      {"$.data.list[-1].k", "v", true},
      {"$.data.list[*]", "2", true},
      {"$.data.list[*]", "b", false},
      {"$..k", "v", true},
      {"$.data['names-dash']", "d", true},
      {"$.data.list[?@.k == 'v'].k", "v", true},
      {"data.stage", "dev", false},
      {"$.data.", "dev", false},
      {" ", "", false},
  };
  for (const PathCase& c : kCases) {
    EXPECT_EQ(Matches({.property = c.property, .match = c.match}), c.matches)
        << c.property << " " << c.match;
  }
}

TEST(MatchingActions, AnyFilterOfAnActionIsEnoughAndAllActionsAreFound) {
  const EventFilter yes{.type_pattern = "test"};
  const EventFilter no{.type_pattern = "deployment"};
  const EventFilter other{.type_pattern = "test", .property = "$.data.stage", .match = "prod"};

  const CompiledConfig config =
      Compile({WithFilters({no, yes}), WithFilters({}), WithFilters({no}), WithFilters({other}),
               WithFilters({other, no, yes}), WithFilters({yes})});

  EXPECT_THAT(MatchingActions(config, kType, Document()), ElementsAre(0, 4, 5));
}

TEST(CompiledConfig, ListsExpressionsThatDoNotCompile) {
  const CompiledConfig config =
      Compile({WithFilters({{.type_pattern = "(", .position = {3, 5}}, {.type_pattern = "ok"}}),
               WithFilters({{.type_pattern = "(", .position = {9, 5}},
                            {.type_pattern = "ok", .property = "data.x", .position = {10, 7}}})});

  EXPECT_THAT(config.warnings(),
              ElementsAre(HasSubstr("3:5: the pattern \"(\" is no regular expression: missing )"),
                          HasSubstr("10:7: the property \"data.x\" is no JSONPath: ")));
}

TEST(CompiledConfig, HasNoWarningsWhenAllCompiles) {
  const CompiledConfig config =
      Compile({WithFilters({{.type_pattern = "sh.keptn.event.*", .property = " $.data.x "}})});

  EXPECT_THAT(config.warnings(), IsEmpty());
}

TEST(CompiledConfig, CopiesMatchWithoutTheOriginal) {
  auto original = std::make_unique<CompiledConfig>(
      Compile({WithFilters({{.property = "$.data.stage", .match = "dev"}})}));
  const CompiledConfig copy = *original;
  original.reset();

  EXPECT_THAT(MatchingActions(copy, kType, Document()), ElementsAre(0));
}

}  // namespace
}  // namespace jobexec::scheduler
