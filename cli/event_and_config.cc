#include "cli/event_and_config.h"

#include <ostream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "cli/input.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "scheduler/config/config_parser.h"

namespace jobexec::cli {
namespace {

absl::Status ReadEvent(const Arguments& arguments, const Console& console, EventAndConfig& input) {
  const std::string path = arguments.Value("--event");
  const std::string name = InputName(path);
  const auto text = ReadInput(path, kMaxEventBytes, console);
  RETURN_IF_ERROR(Annotate(text.status(), name));
  auto event = ReadEventFile(*text, arguments.Value("--type"), input.settings.default_scope);
  RETURN_IF_ERROR(Annotate(event.status(), name));
  input.event = *std::move(event);
  for (const std::string& note : input.event.notes) {
    console.err << "note: " << name << ": " << note << "\n";
  }
  return absl::OkStatus();
}

absl::Status ReadConfig(const Arguments& arguments, const Console& console, EventAndConfig& input) {
  const std::string path = arguments.Value("--config");
  input.config_name = InputName(path);
  const auto text = ReadInput(path, kMaxConfigBytes, console);
  RETURN_IF_ERROR(Annotate(text.status(), input.config_name));
  scheduler::ParsedConfig parsed = scheduler::ParseJobConfig(input.config_name, *text);
  RETURN_IF_ERROR(parsed.status());
  input.config = std::move(parsed.config);
  return absl::OkStatus();
}

absl::Status ReadBoth(const Arguments& arguments, const Console& console, EventAndConfig& input) {
  absl::Status status = ReadEvent(arguments, console, input);
  const absl::Status config = ReadConfig(arguments, console, input);
  if (status.ok() || config.ok()) return status.ok() ? config : status;
  return absl::InvalidArgumentError(absl::StrCat(status.message(), "\n", config.message()));
}

}  // namespace

ReadResult ReadEventAndConfig(const Arguments& arguments, const Console& console) {
  ReadResult result;
  if (arguments.Value("--event") == "-" && arguments.Value("--config") == "-") {
    console.err << "only one of --event and --config can be standard input\n";
    result.code = kUsage;
    return result;
  }
  auto settings = LoadJobSettings(SettingSources(arguments, console));
  if (!settings.ok()) {
    console.err << "wrong settings:\n" << settings.status().message() << "\n";
    result.code = kUsage;
    return result;
  }
  result.input.settings = *std::move(settings);
  const absl::Status status = ReadBoth(arguments, console, result.input);
  if (!status.ok()) {
    console.err << status.message() << "\n";
    result.code = kFailure;
  }
  return result;
}

std::vector<Option> EventAndConfigOptions() {
  std::vector<Option> options = {
      {.name = "--event",
       .help = "The event: a CloudEvent in JSON (structured mode); - for standard input",
       .value = "FILE",
       .kind = ValueKind::kFile,
       .is_required = true},
      {.name = "--config",
       .help = "The job/config.yaml; - for standard input",
       .value = "FILE",
       .kind = ValueKind::kFile,
       .is_required = true},
      {.name = "--type", .help = "Type that replaces the event's own"}};
  for (Option& setting : JobSettingOptions()) options.push_back(std::move(setting));
  return options;
}

}  // namespace jobexec::cli
