// jobexec render: the Jobs of an event.
#include <ostream>

#include "cli/commands.h"
#include "cli/event_and_config.h"
#include "cli/render.h"
#include "cli/simulation.h"

namespace jobexec::cli {
namespace {

constexpr char kRenderExamples[] = R"(  jobexec render --event event.json --config job/config.yaml
  jobexec render --event event.json --config job/config.yaml --format json | jq .metadata.name
  ALLOWED_IMAGE_LIST='alpine:*' jobexec render --job-namespace jobs --event - --config c.yaml < e

The Jobs are those that a scheduler with the same settings creates for the event when it comes over
HTTP, but for the grants of init containers, which are secret. Settings are taken from the
scheduler's environment variables, or from the options named after them.
Exit codes: 0 if every matching action runs, 1 if one is refused or none matches, 2 for wrong options.
)";

int RunRender(const Arguments& arguments, const Console& console) {
  const ReadResult read = ReadEventAndConfig(arguments, console);
  if (read.code != kSuccess) return read.code;
  const EventAndConfig& input = read.input;
  const auto simulation = Simulate(input.event.event, input.config, input.settings);
  if (!simulation.ok()) {
    console.err << arguments.Value("--event") << ": " << simulation.status().message() << "\n";
    return kFailure;
  }
  if (!simulation->ignored_reason.empty()) {
    console.err << "no Jobs: " << simulation->ignored_reason << "\n";
    return kFailure;
  }
  const auto jobs = RenderPlan(simulation->plan);
  const bool as_json = arguments.Value("--format", "yaml") == "json";
  console.out << (as_json ? JobsAsJson(jobs) : JobsAsYaml(jobs));
  const auto refused = RefusedActions(simulation->plan);
  for (const std::string& reason : refused) console.err << "refused: " << reason << "\n";
  return refused.empty() ? kSuccess : kFailure;
}

}  // namespace

Command RenderCommand() {
  Command command = {.name = "render",
                     .summary = "Print the Jobs that an event leads to",
                     .examples = kRenderExamples,
                     .options = EventAndConfigOptions(),
                     .run = RunRender};
  command.options.push_back(FormatOption({"yaml", "json"}, "Format of the Jobs [yaml]"));
  return command;
}

}  // namespace jobexec::cli
