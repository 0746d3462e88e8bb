// Settings of a program from flags, environment variables and a file, all mistakes reported
// together.
//
//   SettingsReader reader(ProcessEnvironment());
//   options.port = reader.Int("INTAKE_PORT", 8080, 0, 65535, "Port for CloudEvents over HTTP");
//   RETURN_IF_ERROR(reader.Finish());
//
// Ask for every setting, whatever the others are: what is asked for is what --help, the
// documentation and the names in a settings file are known by.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/config/setting.h"
#include "common/config/sources.h"

namespace jobexec::config {

// Reads one setting per call and remembers what is wrong. Values are what the original's reader
// (envconfig) took them for: set to nothing is set. Not thread-safe.
class SettingsReader {
 public:
  explicit SettingsReader(Sources sources);
  // Environment variables alone.
  explicit SettingsReader(const Environment& environment);

  // The heading of the settings that are asked for next.
  void Group(absl::string_view title) { group_ = std::string(title); }

  // The text of the setting, or the default if it is not set. An empty text is a value.
  std::string Text(absl::string_view name, absl::string_view default_value, absl::string_view help);

  // As Text, but the setting must be set (it may be empty).
  std::string RequiredText(absl::string_view name, absl::string_view help);

  // One of the words.
  std::string Choice(absl::string_view name, absl::string_view default_value,
                     const std::vector<std::string>& words, absl::string_view help);

  // A text that nobody else may see, from the setting, or from the file that NAME_FILE names
  // (without a line break at its end); both are a fault, unless one is empty. Empty if neither is
  // set. It is never shown, and never taken from a flag.
  std::string Secret(absl::string_view name, absl::string_view help);

  // As Secret, but it must not be empty.
  std::string RequiredSecret(absl::string_view name, absl::string_view help);

  // True if the setting is set, even to an empty text.
  bool IsSet(absl::string_view name) const;

  // A decimal integer from min to max, without blanks or zeros in front.
  int64_t Int(absl::string_view name, int64_t default_value, int64_t min, int64_t max,
              absl::string_view help);

  // As Go's ParseBool: 1, t, T, TRUE, true, True, 0, f, F, FALSE, false, False.
  bool Bool(absl::string_view name, bool default_value, absl::string_view help);

  // Text like "1.5s", "250ms", "5m", from min to max.
  absl::Duration Duration(absl::string_view name, absl::Duration default_value, absl::Duration min,
                          absl::Duration max, absl::string_view help);

  // Adds a fault that only the caller can see, e.g. of a file that a setting names. Passwords in
  // URLs are masked.
  void AddFault(absl::string_view name, absl::string_view fault);

  // OK, or INVALID_ARGUMENT with one line per fault, which names the setting and where its value
  // comes from.
  absl::Status Finish() const;

  // Everything that was asked for, each once, in that order.
  const std::vector<Setting>& settings() const { return settings_; }

 private:
  // Remembers the setting. Returns its value if it is set; valid until the next call.
  const Assignment* Ask(Setting setting);
  std::string ReadSecretFile(absl::string_view name, absl::string_view file_name,
                             const std::string& path);
  std::string AskSecret(absl::string_view name, absl::string_view default_text,
                        absl::string_view help);
  void AddExpected(absl::string_view name, const std::string& text, absl::string_view expected);

  const Sources sources_;
  std::string group_;
  std::vector<Setting> settings_;
  std::vector<std::string> faults_;
};

// What `load` asks a reader for, when nothing is set.
template <typename Load>
std::vector<Setting> SettingsOf(const Load& load) {
  SettingsReader reader{Sources()};
  load(reader);
  return reader.settings();
}

}  // namespace jobexec::config
