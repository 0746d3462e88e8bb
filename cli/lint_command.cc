// jobexec lint: the original's job-lint and more.
#include <algorithm>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/lint.h"
#include "cli/lint_report.h"
#include "cli/settings_options.h"
#include "common/base/status_macros.h"

namespace jobexec::cli {
namespace {

constexpr char kImages[] = "ALLOWED_IMAGE_LIST";
constexpr char kPrivileged[] = "ALLOW_PRIVILEGED_JOBS";
constexpr char kLintExamples[] = R"(  jobexec lint job/config.yaml
  jobexec lint --image-allow-list 'docker.io/*,alpine:*' */job/config.yaml
  jobexec lint --format json - < job/config.yaml | jq '.files[].findings[]'

Exit codes: 0 without errors (there may be warnings), 1 with errors or a file that cannot be read,
2 for wrong options.
)";

absl::StatusOr<LintOptions> ReadOptions(const Arguments& arguments, const Console& console) {
  config::SettingsReader reader(SettingSources(arguments, console));
  LintOptions options;
  options.parser_only = arguments.IsOn("--parser-only");
  options.allow_privileged = reader.Bool(kPrivileged, false, "");
  auto images = scheduler::ImageAllowlist::Parse(reader.Text(kImages, "", ""));
  if (!images.ok()) reader.AddFault(kImages, absl::StrCat(": ", images.status().message()));
  RETURN_IF_ERROR(reader.Finish());
  options.allowed_images = *std::move(images);
  return options;
}

LintedFile LintFile(const std::string& path, const LintOptions& options, const Console& console) {
  LintedFile file = {.name = InputName(path)};
  const auto content = ReadInput(path, kMaxConfigBytes, console);
  if (content.ok()) {
    file.findings = Lint(*content, options);
  } else {
    file.findings = {{{},
                      Severity::kError,
                      "file",
                      absl::StrCat("could not read job config: ", content.status().message())}};
  }
  return file;
}

int RunLint(const Arguments& arguments, const Console& console) {
  if (arguments.operands.empty()) {
    console.err << "jobexec lint: at least one FILE is needed, - for standard input\n";
    return kFailure;
  }
  const auto options = ReadOptions(arguments, console);
  if (!options.ok()) {
    console.err << "jobexec lint: wrong settings:\n" << options.status().message() << "\n";
    return kUsage;
  }
  std::vector<LintedFile> files;
  for (const std::string& path : arguments.operands) {
    files.push_back(LintFile(path, *options, console));
  }
  if (arguments.Value("--format", "text") == "json") {
    console.out << LintJson(files);
  } else {
    const Colours colours(arguments.Value("--color", "auto"), console);
    for (const LintedFile& file : files) console.out << LintText(file, colours);
  }
  return std::any_of(files.begin(), files.end(), HasErrors) ? kFailure : kSuccess;
}

}  // namespace

Command LintCommand() {
  return {.name = "lint",
          .summary = "Check job/config.yaml files",
          .examples = kLintExamples,
          .options = {{.name = "--parser-only",
                       .help = "Only what the parser refuses",
                       .is_switch = true},
                      {.name = "--allowed-image-list",
                       .help = "Globs of allowed images, comma separated; empty: all",
                       .alias = "--image-allow-list",
                       .variable = kImages},
                      {.name = "--allow-privileged-jobs",
                       .help = "Allow tasks to ask for privileged containers [false]",
                       .is_switch = true,
                       .variable = kPrivileged},
                      {.name = config::FlagName(config::kSettingsFile),
                       .help = "File with settings, as the scheduler takes it",
                       .value = "FILE",
                       .kind = ValueKind::kFile,
                       .variable = config::kSettingsFile},
                      FormatOption({"text", "json"}, "Format of the findings [text]"),
                      ColourOption()},
          .operand = {.name = "FILE",
                      .help = "job/config.yaml; - for standard input",
                      .kind = ValueKind::kFile},
          .run = RunLint};
}

}  // namespace jobexec::cli
