#include "common/config/sources.h"

#include <unistd.h>

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "common/base/file.h"
#include "common/base/printable.h"
#include "common/config/settings_file.h"

namespace jobexec::config {
namespace {

constexpr size_t kMaxWordBytes = 80;
// More wrong letters make another name.
constexpr size_t kMaxSlips = 2;

// A word of the user's without what may be a value.
std::string ShownName(absl::string_view word) {
  return Printable(word.substr(0, std::min(word.find('='), kMaxWordBytes)));
}

// Letters to add, drop or replace between the two (Levenshtein).
size_t Distance(absl::string_view a, absl::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

// The known name that was probably meant, or nothing.
const Setting* Nearest(absl::string_view name, const std::vector<Setting>& known) {
  const Setting* nearest = nullptr;
  size_t least = kMaxSlips + 1;
  if (name.size() > kMaxWordBytes) return nullptr;
  for (const Setting& setting : known) {
    const size_t distance = Distance(name, setting.name);
    if (distance >= least) continue;
    nearest = &setting;
    least = distance;
  }
  return nearest;
}

const Setting* Find(absl::string_view name, const std::vector<Setting>& known) {
  for (const Setting& setting : known) {
    if (setting.name == name) return &setting;
  }
  return nullptr;
}

std::string SettingName(absl::string_view flag) {
  return absl::AsciiStrToUpper(absl::StrReplaceAll(flag.substr(2), {{"-", "_"}}));
}

bool IsFlag(absl::string_view word) { return absl::StartsWith(word, "--") && word.size() > 2; }

class FlagReader {
 public:
  FlagReader(const std::vector<std::string>& words, const std::vector<Setting>& known,
             Sources& sources)
      : words_(words), known_(known), sources_(sources) {}

  void Read() {
    while (next_ < words_.size()) {
      const std::string& word = words_[next_++];
      if (IsFlag(word)) {
        ReadFlag(word);
      } else {
        AddFault("unexpected argument \"", ShownName(word), "\", expected --name=value");
      }
    }
  }

 private:
  template <typename... Parts>
  void AddFault(const Parts&... parts) {
    sources_.faults.push_back(absl::StrCat(parts...));
  }

  void ReadFlag(const std::string& word) {
    const size_t equals = word.find('=');
    const std::string flag = word.substr(0, equals);
    const Setting* setting = Find(SettingName(flag), known_);
    if (setting == nullptr || flag != FlagName(setting->name)) return RefuseUnknown(flag, equals);
    if (setting->is_secret) return RefuseSecret(setting->name, equals);
    std::string value = "true";
    if (equals != std::string::npos) {
      value = word.substr(equals + 1);
    } else if (!setting->is_switch) {
      if (!HasValue()) return AddFault("flag ", flag, " has no value, expected ", flag, "=VALUE");
      value = words_[next_++];
    }
    if (!given_.insert(setting->name).second) {
      return AddFault("flag ", flag, " is given more than once");
    }
    sources_.assignments.insert({setting->name, {value, absl::StrCat("flag ", flag)}});
  }

  bool HasValue() const { return next_ < words_.size() && !IsFlag(words_[next_]); }

  // The value of a flag that is not taken must not be taken for another word, and shown.
  void SkipValue(size_t equals) {
    if (equals == std::string::npos && HasValue()) ++next_;
  }

  void RefuseUnknown(absl::string_view flag, size_t equals) {
    const Setting* meant = Nearest(SettingName(flag), known_);
    AddFault("unknown flag ", ShownName(flag),
             meant == nullptr ? "" : absl::StrCat("; is ", FlagName(meant->name), " meant?"));
    SkipValue(equals);
  }

  void RefuseSecret(const std::string& name, size_t equals) {
    AddFault("flag ", FlagName(name),
             " is not taken: whoever lists the processes would see the secret; set the variable ",
             name, ", or ", FlagName(name), "-file to a file that has it");
    SkipValue(equals);
  }

  const std::vector<std::string>& words_;
  const std::vector<Setting>& known_;
  Sources& sources_;
  size_t next_ = 0;
  std::set<std::string> given_;
};

std::string UnknownName(const std::string& name, const std::vector<Setting>& known) {
  const Setting* meant = Nearest(name, known);
  return absl::StrCat(ShownName(name), " is no setting of this program",
                      meant == nullptr ? "" : absl::StrCat("; is ", meant->name, " meant?"));
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) environment[text.substr(0, equals)] = text.substr(equals + 1);
  }
  return environment;
}

std::string FlagName(absl::string_view setting) {
  return absl::StrCat("--", absl::AsciiStrToLower(absl::StrReplaceAll(setting, {{"_", "-"}})));
}

void AddFlags(const std::vector<std::string>& words, const std::vector<Setting>& known,
              Sources& sources) {
  FlagReader(words, known, sources).Read();
}

void AddEnvironment(const Environment& environment, Sources& sources) {
  for (const auto& [name, value] : environment) {
    sources.assignments.insert({name, {value, kFromVariable}});
  }
}

Sources SourcesOf(const Environment& environment) {
  Sources sources;
  AddEnvironment(environment, sources);
  return sources;
}

void AddSettingsFile(const std::vector<Setting>& known, UnknownNames unknown, Sources& sources) {
  const auto named = sources.assignments.find(kSettingsFile);
  if (named == sources.assignments.end() || named->second.value.empty()) return;
  const std::string path = named->second.value;
  const auto text = ReadFile(path, kMaxSettingsFileBytes);
  if (!text.ok()) {
    sources.faults.push_back(absl::StrCat(kSettingsFile, ": ", text.status().message()));
    return;
  }
  const SettingsFile file = ParseSettingsFile(*text);
  const auto place = [&path](int line) {
    return absl::StrCat("file ", Printable(path), ":", line);
  };
  for (const SettingsFile::Fault& fault : file.faults) {
    sources.faults.push_back(absl::StrCat(place(fault.line), ": ", fault.message));
  }
  for (const SettingsFile::Entry& entry : file.entries) {
    const bool is_known = Find(entry.name, known) != nullptr;
    if (entry.name == kSettingsFile) {
      sources.faults.push_back(
          absl::StrCat(place(entry.line), ": a settings file cannot name another one"));
    } else if (is_known) {
      sources.assignments.insert({entry.name, {entry.value, place(entry.line)}});
    } else if (unknown == UnknownNames::kFault) {
      sources.faults.push_back(
          absl::StrCat(place(entry.line), ": ", UnknownName(entry.name, known)));
    }
  }
}

}  // namespace jobexec::config
