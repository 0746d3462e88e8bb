#include "common/config/settings.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "common/base/file.h"
#include "common/base/masked.h"
#include "common/base/printable.h"

namespace jobexec::config {
namespace {

constexpr size_t kMaxSecretBytes = 64 * 1024;
// Of a wrong value in a message.
constexpr size_t kMaxShownBytes = 200;

// For a message: on one line, without passwords, not endless.
std::string Shown(absl::string_view text) {
  std::string printable = Printable(MaskUserInformation(text));
  if (printable.size() <= kMaxShownBytes) return printable;
  return absl::StrCat(printable.substr(0, kMaxShownBytes), "...");
}

// SimpleAtoi also takes blanks around a number; Go takes 010 for 8.
bool IsPlainNumber(absl::string_view text) {
  if (text.empty()) return false;
  const absl::string_view digits = text.substr(text[0] == '-' || text[0] == '+' ? 1 : 0);
  return !digits.empty() && (digits == "0" || digits[0] != '0') &&
         std::all_of(digits.begin(), digits.end(), absl::ascii_isdigit);
}

std::string NumbersFrom(int64_t min, int64_t max) {
  if (min == std::numeric_limits<int64_t>::min()) return absl::StrCat("a whole number up to ", max);
  return absl::StrCat("a whole number from ", min, " to ", max);
}

std::optional<bool> ParseBool(const std::string& text) {
  static constexpr std::array kTrue = {"1", "t", "T", "TRUE", "true", "True"};
  static constexpr std::array kFalse = {"0", "f", "F", "FALSE", "false", "False"};
  if (std::find(kTrue.begin(), kTrue.end(), text) != kTrue.end()) return true;
  if (std::find(kFalse.begin(), kFalse.end(), text) != kFalse.end()) return false;
  return std::nullopt;
}

}  // namespace

SettingsReader::SettingsReader(Sources sources)
    : sources_(std::move(sources)), faults_(sources_.faults) {}

SettingsReader::SettingsReader(const Environment& environment)
    : SettingsReader(SourcesOf(environment)) {}

const Assignment* SettingsReader::Ask(Setting setting) {
  const auto found = sources_.assignments.find(setting.name);
  const Assignment* given = found == sources_.assignments.end() ? nullptr : &found->second;
  const bool is_new = std::none_of(settings_.begin(), settings_.end(), [&](const Setting& asked) {
    return asked.name == setting.name;
  });
  if (!is_new) return given;
  setting.group = group_;
  setting.origin = given == nullptr ? "default" : given->origin;
  if (setting.is_secret) {
    setting.value = given == nullptr || given->value.empty() ? "(not set)" : "(set)";
  } else {
    setting.value = MaskUserInformation(given == nullptr ? setting.default_text : given->value);
  }
  settings_.push_back(std::move(setting));
  return given;
}

std::string SettingsReader::Text(absl::string_view name, absl::string_view default_value,
                                 absl::string_view help) {
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = std::string(default_value),
                                 .help = std::string(help)});
  return given == nullptr ? std::string(default_value) : given->value;
}

std::string SettingsReader::RequiredText(absl::string_view name, absl::string_view help) {
  const Assignment* given =
      Ask({.name = std::string(name), .default_text = kRequired, .help = std::string(help)});
  if (given != nullptr) return given->value;
  AddFault(name, absl::StrCat("is required and not set: ", help));
  return "";
}

std::string SettingsReader::Choice(absl::string_view name, absl::string_view default_value,
                                   const std::vector<std::string>& words, absl::string_view help) {
  const std::string allowed = absl::StrJoin(words, ", ");
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = std::string(default_value),
                                 .allowed = allowed,
                                 .help = std::string(help)});
  if (given == nullptr) return std::string(default_value);
  if (std::find(words.begin(), words.end(), given->value) != words.end()) return given->value;
  AddExpected(name, given->value, absl::StrCat("one of ", allowed));
  return std::string(default_value);
}

std::string SettingsReader::Secret(absl::string_view name, absl::string_view help) {
  return AskSecret(name, "", help);
}

std::string SettingsReader::RequiredSecret(absl::string_view name, absl::string_view help) {
  const size_t faults = faults_.size();
  std::string secret = AskSecret(name, kRequired, help);
  if (secret.empty() && faults_.size() == faults) {
    AddFault(name, absl::StrCat("is required and not set: ", help));
  }
  return secret;
}

std::string SettingsReader::AskSecret(absl::string_view name, absl::string_view default_text,
                                      absl::string_view help) {
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = std::string(default_text),
                                 .allowed = "a secret, never from a flag",
                                 .help = std::string(help),
                                 .is_secret = true});
  const std::string file_name = absl::StrCat(name, "_FILE");
  const std::string path =
      Text(file_name, "", absl::StrCat("Path of a file with ", name, " instead"));
  std::string secret = given == nullptr ? "" : given->value;
  if (path.empty()) return secret;
  if (secret.empty()) return ReadSecretFile(name, file_name, path);
  AddFault(name, absl::StrCat("and ", file_name, " are both set, expected one of the two"));
  return secret;
}

std::string SettingsReader::ReadSecretFile(absl::string_view name, absl::string_view file_name,
                                           const std::string& path) {
  const auto content = ReadFile(path, kMaxSecretBytes);
  if (!content.ok()) {
    AddFault(file_name, absl::StrCat(": ", content.status().message()));
    return "";
  }
  absl::string_view secret = *content;
  if (absl::ConsumeSuffix(&secret, "\n")) absl::ConsumeSuffix(&secret, "\r");
  if (secret.empty()) AddFault(file_name, absl::StrCat(": ", path, " is empty"));
  for (Setting& setting : settings_) {
    if (setting.name != name) continue;
    setting.value = "(set)";
    setting.origin = std::string(file_name);
  }
  return std::string(secret);
}

bool SettingsReader::IsSet(absl::string_view name) const {
  return sources_.assignments.count(std::string(name)) > 0;
}

int64_t SettingsReader::Int(absl::string_view name, int64_t default_value, int64_t min, int64_t max,
                            absl::string_view help) {
  const std::string allowed = NumbersFrom(min, max);
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = absl::StrCat(default_value),
                                 .allowed = allowed,
                                 .help = std::string(help)});
  if (given == nullptr) return default_value;
  int64_t value = 0;
  if (IsPlainNumber(given->value) && absl::SimpleAtoi(given->value, &value) && value >= min &&
      value <= max) {
    return value;
  }
  AddExpected(name, given->value, allowed);
  return default_value;
}

bool SettingsReader::Bool(absl::string_view name, bool default_value, absl::string_view help) {
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = default_value ? "true" : "false",
                                 .allowed = "true or false",
                                 .help = std::string(help),
                                 .is_switch = true});
  if (given == nullptr) return default_value;
  if (const std::optional<bool> value = ParseBool(given->value)) return *value;
  AddExpected(name, given->value, "true or false");
  return default_value;
}

absl::Duration SettingsReader::Duration(absl::string_view name, absl::Duration default_value,
                                        absl::Duration min, absl::Duration max,
                                        absl::string_view help) {
  const std::string allowed = absl::StrCat("a duration from ", absl::FormatDuration(min), " to ",
                                           absl::FormatDuration(max));
  const Assignment* given = Ask({.name = std::string(name),
                                 .default_text = absl::FormatDuration(default_value),
                                 .allowed = allowed,
                                 .help = std::string(help)});
  if (given == nullptr) return default_value;
  absl::Duration value;
  if (absl::ParseDuration(given->value, &value) && value >= min && value <= max) return value;
  AddExpected(name, given->value, absl::StrCat(allowed, " such as 1.5s or 5m"));
  return default_value;
}

void SettingsReader::AddExpected(absl::string_view name, const std::string& text,
                                 absl::string_view expected) {
  AddFault(name, absl::StrCat("is \"", Shown(text), "\", expected ", expected));
}

void SettingsReader::AddFault(absl::string_view name, absl::string_view fault) {
  const auto found = sources_.assignments.find(std::string(name));
  std::string origin;
  if (found != sources_.assignments.end()) {
    origin = absl::StrCat(found->second.origin, found->second.origin == kFromVariable ? " " : ": ");
  }
  const absl::string_view gap = absl::StartsWith(fault, ":") ? "" : " ";
  std::string line = absl::StrCat(origin, name, gap, Printable(MaskUserInformation(fault)));
  // A setting that two parts of a program ask for is wrong once.
  if (std::find(faults_.begin(), faults_.end(), line) == faults_.end()) {
    faults_.push_back(std::move(line));
  }
}

absl::Status SettingsReader::Finish() const {
  if (faults_.empty()) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrJoin(faults_, "\n"));
}

}  // namespace jobexec::config
