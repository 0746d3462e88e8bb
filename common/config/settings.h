// Settings of a program from environment variables, all mistakes reported together.
//
//   SettingsReader reader(ProcessEnvironment());
//   options.port = reader.Int("INTAKE_PORT", 8080, 0, 65535, "Port for CloudEvents over HTTP");
//   RETURN_IF_ERROR(reader.Finish());
#pragma once

#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace jobexec::config {

using Environment = std::map<std::string, std::string>;

// The variables of this process.
Environment ProcessEnvironment();

// What one setting is, for --help and the documentation.
struct SettingHelp {
  std::string name;
  std::string default_text;
  std::string help;
};

// Reads one setting per call and remembers what is wrong. Not thread-safe.
class SettingsReader {
 public:
  // `environment` must outlive the reader.
  explicit SettingsReader(const Environment& environment) : environment_(environment) {}

  // The text of the variable, or the default if it is not set. An empty text is a value.
  std::string Text(absl::string_view name, absl::string_view default_value, absl::string_view help);

  // As Text, but the variable must be set (it may be empty).
  std::string RequiredText(absl::string_view name, absl::string_view help);

  // True if the variable is set, even to an empty text.
  bool IsSet(absl::string_view name) const;

  // A decimal integer from min to max.
  int64_t Int(absl::string_view name, int64_t default_value, int64_t min, int64_t max,
              absl::string_view help);

  // As Go's ParseBool: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False.
  bool Bool(absl::string_view name, bool default_value, absl::string_view help);

  // Text like "1.5s", "250ms", "5m", from min to max.
  absl::Duration Duration(absl::string_view name, absl::Duration default_value, absl::Duration min,
                          absl::Duration max, absl::string_view help);

  // Adds a fault that only the caller can see, e.g. of a file that a setting names.
  void AddFault(absl::string_view name, absl::string_view fault);

  // OK, or INVALID_ARGUMENT with one line per fault.
  absl::Status Finish() const;

  // Everything that was asked for, in that order.
  const std::vector<SettingHelp>& help() const { return help_; }

 private:
  const std::string* Find(absl::string_view name, absl::string_view default_text,
                          absl::string_view help);

  const Environment& environment_;
  std::vector<SettingHelp> help_;
  std::vector<std::string> faults_;
};

}  // namespace jobexec::config
