// jobexec explain: why actions match an event or not.
#include <ostream>

#include "cli/commands.h"
#include "cli/event_and_config.h"
#include "cli/explain.h"
#include "cli/simulation.h"

namespace jobexec::cli {
namespace {

constexpr char kExplainExamples[] = R"(  jobexec explain --event event.json --config job/config.yaml
  jobexec explain --event event.json --config job/config.yaml --type sh.keptn.event.test.triggered
  kubectl get configmap jobs -o jsonpath='{.data.config}' | jobexec explain --event e --config -

Exit codes: 0 if the event and the config could be read, whatever matches; 1 if not, 2 for wrong
options.
)";

int RunExplain(const Arguments& arguments, const Console& console) {
  const ReadResult read = ReadEventAndConfig(arguments, console);
  if (read.code != kSuccess) return read.code;
  const EventAndConfig& input = read.input;
  const auto simulation = Simulate(input.event.event, input.config, input.settings);
  if (!simulation.ok()) {
    console.err << arguments.Value("--event") << ": " << simulation.status().message() << "\n";
    return kFailure;
  }
  const Colours colours(arguments.Value("--color", "auto"), console);
  console.out << Explain(*simulation, input.config, input.config_name, colours);
  return kSuccess;
}

}  // namespace

Command ExplainCommand() {
  Command command = {.name = "explain",
                     .summary = "Say why each action matches an event or not",
                     .examples = kExplainExamples,
                     .options = EventAndConfigOptions(),
                     .run = RunExplain};
  command.options.push_back(ColourOption());
  return command;
}

}  // namespace jobexec::cli
