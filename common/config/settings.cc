#include "common/config/settings.h"

#include <unistd.h>

#include <array>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace jobexec::config {

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

const std::string* SettingsReader::Find(absl::string_view name, absl::string_view default_text,
                                        absl::string_view help) {
  help_.push_back({std::string(name), std::string(default_text), std::string(help)});
  const auto found = environment_.find(std::string(name));
  return found == environment_.end() ? nullptr : &found->second;
}

std::string SettingsReader::Text(absl::string_view name, absl::string_view default_value,
                                 absl::string_view help) {
  const std::string* value = Find(name, default_value, help);
  return value == nullptr ? std::string(default_value) : *value;
}

std::string SettingsReader::RequiredText(absl::string_view name, absl::string_view help) {
  const std::string* value = Find(name, "(required)", help);
  if (value != nullptr) return *value;
  AddFault(name, absl::StrCat("is required and not set: ", help));
  return "";
}

bool SettingsReader::IsSet(absl::string_view name) const {
  return environment_.count(std::string(name)) > 0;
}

int64_t SettingsReader::Int(absl::string_view name, int64_t default_value, int64_t min, int64_t max,
                            absl::string_view help) {
  const std::string* text = Find(name, absl::StrCat(default_value), help);
  if (text == nullptr) return default_value;
  int64_t value = 0;
  if (absl::SimpleAtoi(*text, &value) && value >= min && value <= max) return value;
  AddFault(name,
           absl::StrCat("is \"", *text, "\", expected a whole number from ", min, " to ", max));
  return default_value;
}

bool SettingsReader::Bool(absl::string_view name, bool default_value, absl::string_view help) {
  const std::string* text = Find(name, default_value ? "true" : "false", help);
  if (text == nullptr) return default_value;
  static constexpr std::array kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  static constexpr std::array kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  for (absl::string_view word : kTrue) {
    if (*text == word) return true;
  }
  for (absl::string_view word : kFalse) {
    if (*text == word) return false;
  }
  AddFault(name, absl::StrCat("is \"", *text, "\", expected true or false"));
  return default_value;
}

absl::Duration SettingsReader::Duration(absl::string_view name, absl::Duration default_value,
                                        absl::Duration min, absl::Duration max,
                                        absl::string_view help) {
  const std::string* text = Find(name, absl::FormatDuration(default_value), help);
  if (text == nullptr) return default_value;
  absl::Duration value;
  if (absl::ParseDuration(*text, &value) && value >= min && value <= max) return value;
  AddFault(name, absl::StrCat("is \"", *text, "\", expected a duration such as 1.5s or 5m from ",
                              absl::FormatDuration(min), " to ", absl::FormatDuration(max)));
  return default_value;
}

void SettingsReader::AddFault(absl::string_view name, absl::string_view fault) {
  faults_.push_back(absl::StrCat(name, " ", fault));
}

absl::Status SettingsReader::Finish() const {
  if (faults_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults_, "\n"));
}

}  // namespace jobexec::config
