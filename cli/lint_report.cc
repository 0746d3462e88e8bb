#include "cli/lint_report.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "common/json/json.h"

namespace jobexec::cli {
namespace {

using Json = nlohmann::json;

size_t Count(const LintedFile& file, Severity severity) {
  return std::count_if(file.findings.begin(), file.findings.end(),
                       [severity](const Finding& finding) { return finding.severity == severity; });
}

const char* Name(Severity severity) { return severity == Severity::kError ? "error" : "warning"; }

std::string Counted(size_t number, const char* what) {
  return absl::StrCat(number, " ", what, number == 1 ? "" : "s");
}

std::string FindingText(const std::string& file, const Finding& finding, const Colours& colours) {
  const std::string place =
      finding.position.line == 0
          ? file
          : absl::StrCat(file, ":", finding.position.line, ":", finding.position.column);
  const std::string severity =
      finding.severity == Severity::kError ? colours.Red("error") : colours.Yellow("warning");
  return absl::StrCat(colours.Bold(place), ": ", severity, ": ", finding.message, " [",
                      finding.rule, "]\n");
}

Json FindingJson(const Finding& finding) {
  return {{"line", finding.position.line},
          {"column", finding.position.column},
          {"severity", Name(finding.severity)},
          {"rule", finding.rule},
          {"message", finding.message}};
}

}  // namespace

bool HasErrors(const LintedFile& file) { return Count(file, Severity::kError) > 0; }

std::string LintText(const LintedFile& file, const Colours& colours) {
  std::string text;
  for (const Finding& finding : file.findings) text += FindingText(file.name, finding, colours);
  const size_t warnings = Count(file, Severity::kWarning);
  if (HasErrors(file)) {
    absl::StrAppend(&text, "config ", file.name, " is ", colours.Red("invalid"), ": ",
                    Counted(Count(file, Severity::kError), "error"), ", ",
                    Counted(warnings, "warning"), "\n");
  } else {
    absl::StrAppend(&text, "config ", file.name, " is ", colours.Green("valid"),
                    warnings == 0 ? "" : absl::StrCat(", with ", Counted(warnings, "warning")),
                    "\n");
  }
  return text;
}

std::string LintJson(const std::vector<LintedFile>& files) {
  Json report = {{"files", Json::array()}};
  size_t errors = 0;
  size_t warnings = 0;
  for (const LintedFile& file : files) {
    Json findings = Json::array();
    for (const Finding& finding : file.findings) findings.push_back(FindingJson(finding));
    report["files"].push_back(
        {{"file", file.name}, {"valid", !HasErrors(file)}, {"findings", std::move(findings)}});
    errors += Count(file, Severity::kError);
    warnings += Count(file, Severity::kWarning);
  }
  report["errors"] = errors;
  report["warnings"] = warnings;
  return json::Dump(report) + "\n";
}

}  // namespace jobexec::cli
