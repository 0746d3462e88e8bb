#include "cli/explain.h"

#include <gmock/gmock.h>

#include "scheduler/config/compiled_config.h"
#include "scheduler/config/config_parser.h"
#include "tests/support/status_matchers.h"

namespace jobexec::cli {
namespace {

using ::jobexec::testing::IsOk;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

cloudevents::Event TestEvent(const std::string& type = "sh.keptn.event.test.triggered") {
  cloudevents::Event event;
  event.set_id("1");
  event.set_source("s");
  event.set_spec_version("1.0");
  event.set_type(type);
  event.set_text_data(
      R"({"project":"p","stage":"dev","service":"v","x":"a","n":5,"list":["a",7,null,[1]]})");
  return event;
}

std::string ExplainConfig(const std::string& content, const cloudevents::Event& event = TestEvent(),
                          bool colours = false) {
  const auto parsed = scheduler::ParseJobConfig("c.yaml", content);
  EXPECT_THAT(parsed.status(), IsOk());
  const auto simulation = Simulate(event, parsed.config, *LoadJobSettings({}));
  EXPECT_THAT(simulation, IsOk());
  return Explain(*simulation, parsed.config, "c.yaml", Colours(colours));
}

// A file with one action that has these events in line 4.
std::string EventFile(const std::string& events) {
  return "apiVersion: v2\nactions:\n- name: A\n  events: " + events +
         "\n  tasks: [{name: t, image: alpine}]\n";
}

TEST(Explain, TheWholeStory) {
  EXPECT_EQ(ExplainConfig(
                "apiVersion: v2\nactions:\n"
                "- name: A\n"
                "  events: [{name: test, jsonpath: {property: $.data.x, match: a}}, {name: z}]\n"
                "  tasks: [{name: t, image: alpine}]\n"
                "- {name: B, silent: true, events: [{name: deploy}]}\n"),
            "Event sh.keptn.event.test.triggered of project \"p\", stage \"dev\", service \"v\"\n"
            "\n"
            "Action \"A\" (c.yaml:3:3): matches\n"
            "  event in line 4 fits:\n"
            "    yes name \"test\" is found in the type\n"
            "    yes jsonpath \"$.data.x\" selects \"a\", equal to match \"a\"\n"
            "  event in line 4 does not fit:\n"
            "    no  name \"z\" is not found in the type\n"
            "  task \"t\": Job default/jes-3437a2fa2423419399316fd5-000-001\n"
            "\n"
            "Action \"B\", silent (c.yaml:6:3): does not match\n"
            "  event in line 6 does not fit:\n"
            "    no  name \"deploy\" is not found in the type\n"
            "\n"
            "1 of 2 actions match, 1 Job runs\n");
}

TEST(Explain, EachVerdictOfAnEntry) {
  const std::pair<const char*, const char*> kCases[] = {
      {"[{name: \"(\"}]", "no  the pattern \"(\" is no regular expression: missing ): ("},
      {"[{name: test, jsonpath: {property: x, match: a}}]",
       "no  the property \"x\" is no JSONPath: "},
      {"[{name: test, jsonpath: {property: $.data.y, match: a}}]",
       "no  jsonpath \"$.data.y\" selects nothing, there is nothing to compare with match \"a\""},
      {"[{name: test, jsonpath: {property: $.data.n, match: 5}}]",
       "yes jsonpath \"$.data.n\" selects 5, equal to match \"5\""},
      {"[{name: test, jsonpath: {property: $.data, match: a}}]",
       "no  jsonpath \"$.data\" selects an object, but only texts, numbers, true and false are "
       "compared with match \"a\""},
      {"[{name: test, jsonpath: {property: \"$.data.list[*]\", match: b}}]",
       "no  jsonpath \"$.data.list[*]\" selects \"a\", 7, null, a list, not equal to match \"b\""},
      {"[]", "it has no events"},
  };
  for (const auto& [events, text] : kCases) {
    EXPECT_THAT(ExplainConfig(EventFile(events)), HasSubstr(text)) << events;
  }
}

TEST(Explain, AgreesWithTheScheduler) {
  for (const char* events : {"[{name: test}]", "[{name: z}]", "[{name: \"(\"}, {name: ''}]",
                             "[{name: test, jsonpath: {property: $.data.n, match: 5}}]",
                             "[{name: test, jsonpath: {property: $.data.list, match: a}}]",
                             "[{name: test, jsonpath: {property: \"$.data.list[*]\", match: 7}}]",
                             "[{name: z, jsonpath: {property: $.data.x, match: a}}]"}) {
    SCOPED_TRACE(events);
    const std::string text = ExplainConfig(EventFile(events));
    const bool matches = text.find("): matches") != std::string::npos;
    const bool fits = text.find(" fits:") != std::string::npos;
    EXPECT_EQ(matches, fits);
  }
}

TEST(Explain, EveryVariableThatTheEventGivesNoValue) {
  const std::string text = ExplainConfig(
      "apiVersion: v2\nactions:\n- name: A\n  events: [{name: test}]\n"
      "  tasks: [{name: t, image: alpine, env: [\n"
      "    {name: GOOD, value: $.data.x, valueFrom: event},\n"
      "    {name: ONE, value: $.data.missing, valueFrom: event},\n"
      "    {name: TWO, valueFrom: nowhere}]}]\n");

  EXPECT_THAT(text, AllOf(HasSubstr("does not run: could not prepare env for task 't'"),
                          HasSubstr("task \"t\", variable in line 7: could not add env with name "
                                    "'ONE'"),
                          HasSubstr("task \"t\", variable in line 8: could not add env with name "
                                    "TWO, unknown valueFrom nowhere"),
                          Not(HasSubstr("GOOD")), HasSubstr("1 action matches, 0 Jobs run")));
}

TEST(Explain, EachRefusedActionHasItsOwnReason) {
  const std::string text = ExplainConfig(
      "apiVersion: v2\nactions:\n"
      "- {name: A, events: [{name: test}], tasks: [{name: t}]}\n"
      "- {name: B, events: [{name: test}], tasks: [{name: u}]}\n");

  EXPECT_THAT(text, AllOf(HasSubstr("does not run: task 't': image is missing\n\n"),
                          HasSubstr("does not run: task 'u': image is missing\n\n")));
}

TEST(Explain, AnEventThatIsIgnoredWhateverTheConfigSays) {
  const std::string text =
      ExplainConfig(EventFile("[{name: test}]"), TestEvent("sh.keptn.event.dev.test.triggered"));

  EXPECT_THAT(text, AllOf(HasSubstr("does not match"), HasSubstr("The event is ignored: type "),
                          HasSubstr("is not a task event")));
}

TEST(Explain, Colours) {
  EXPECT_THAT(ExplainConfig(EventFile("[{name: test}]"), TestEvent(), true),
              HasSubstr("\033[32mmatches\033[0m"));
}

}  // namespace
}  // namespace jobexec::cli
