#include "scheduler/config/yaml_reader.h"

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "common/base/utf8.h"
#include "scheduler/config/yaml_scalar.h"

namespace jobexec::scheduler {
namespace {

using Kind = YamlNode::Kind;

constexpr size_t kMaxFaults = 1000;
// Aliases make a tree larger than its text.
constexpr size_t kMaxVisits = 100'000;
constexpr size_t kMaxTextBytes = 4 * 1024 * 1024;

std::string Quoted(absl::string_view text) { return absl::StrCat("\"", Shown(text), "\""); }

std::string Describe(const YamlNode& node) {
  switch (node.kind) {
    case Kind::kNull:
      return "empty";
    case Kind::kSequence:
      return "a list";
    case Kind::kMapping:
      return "a mapping";
    case Kind::kScalar:
      break;
  }
  return absl::StrCat(node.tag == "!" ? "the quoted text " : "", Quoted(node.text));
}

bool IsText(const YamlNode& node) { return node.kind == Kind::kScalar || node.kind == Kind::kNull; }

bool IsMergeKey(const YamlNode& key) {
  return key.kind == Kind::kScalar && key.text == "<<" &&
         (key.tag == "?" || key.tag == "tag:yaml.org,2002:merge");
}

std::string AllowedNames(const std::vector<YamlField>& fields) {
  return absl::StrJoin(fields, ", ", [](std::string* out, const YamlField& field) {
    absl::StrAppend(out, field.name);
  });
}

template <typename Integer>
void ReadInteger(YamlReader& reader, const YamlNode& node, Integer& target) {
  if (node.kind == Kind::kNull) return;
  using Limits = std::numeric_limits<Integer>;
  const auto number = YamlNumber(node);
  if (const int64_t* integer = std::get_if<int64_t>(&number); integer != nullptr) {
    if (*integer >= Limits::min() && *integer <= Limits::max()) {
      target = static_cast<Integer>(*integer);
      return;
    }
  } else if (const double* value = std::get_if<double>(&number); value != nullptr) {
    // The upper limit of int64_t is no double; its neighbour is, and is too large.
    if (*value >= static_cast<double>(Limits::min()) &&
        *value < -static_cast<double>(Limits::min())) {
      target = static_cast<Integer>(*value);
      return;
    }
  } else {
    return reader.WrongValue(node, "an integer without quotes");
  }
  reader.WrongValue(node, absl::StrCat("an integer from ", Limits::min(), " to ", Limits::max()));
}

nlohmann::json ScalarToJson(const YamlNode& node) {
  if (const auto value = YamlBool(node); value.has_value()) return *value;
  const auto number = YamlNumber(node);
  if (const int64_t* integer = std::get_if<int64_t>(&number); integer != nullptr) return *integer;
  if (const double* value = std::get_if<double>(&number); value != nullptr) return *value;
  return node.text;
}

void ListToJson(YamlReader& reader, const YamlNode& node, nlohmann::json& target) {
  target = nlohmann::json::array();
  for (const YamlNodePtr& item : node.items) {
    if (!reader.Visit(*item)) return;
    ReadYaml(reader, *item, target.emplace_back());
  }
}

void MappingToJson(YamlReader& reader, const YamlNode& node, nlohmann::json& target) {
  target = nlohmann::json::object();
  for (const auto& [key, value] : reader.Entries(node)) {
    ReadYaml(reader, *value, target[key->text]);
  }
}

}  // namespace

void YamlReader::Object(const YamlNode& node, absl::string_view what,
                        const std::vector<YamlField>& fields) {
  if (node.kind == Kind::kNull) return;
  if (node.kind != Kind::kMapping) {
    return WrongValue(node, absl::StrCat(what, " with the fields ", AllowedNames(fields)));
  }
  const std::string outer = field_;
  for (const auto& [key, value] : Entries(node)) {
    const auto known =
        std::find_if(fields.begin(), fields.end(),
                     [name = key->text](const YamlField& field) { return field.name == name; });
    if (known == fields.end()) {
      Fault(key->position, absl::StrCat("unknown field ", Quoted(key->text), " in ", what,
                                        "; allowed are ", AllowedNames(fields)));
    } else if (value->kind != Kind::kNull) {
      field_ = key->text;
      known->read(*this, *value);
    }
  }
  field_ = outer;
}

std::vector<YamlReader::Entry> YamlReader::Entries(const YamlNode& mapping) {
  std::vector<Entry> entries;
  std::vector<const YamlNode*> merged;
  FirstKeys first_keys;
  for (const auto& [key, value] : mapping.pairs) {
    if (!Visit(*key) || !Visit(*value)) break;
    if (IsMergeKey(*key)) {
      merged.push_back(value.get());
    } else if (!IsText(*key)) {
      Fault(key->position, absl::StrCat("a key is ", Describe(*key), ", expected a text"));
    } else if (auto [first, is_new] = first_keys.emplace(key->text, key.get()); !is_new) {
      Fault(key->position, absl::StrCat("field ", Quoted(key->text), " is already set in line ",
                                        first->second->position.line));
    } else {
      entries.emplace_back(key.get(), value.get());
    }
  }
  for (auto source = merged.rbegin(); source != merged.rend(); ++source) {
    Merge(**source, first_keys, entries);
  }
  return entries;
}

// Adds what the value of a merge key has and `entries` has not.
void YamlReader::Merge(const YamlNode& source, FirstKeys& first_keys, std::vector<Entry>& entries) {
  if (source.kind == Kind::kMapping) return MergeMapping(source, first_keys, entries);
  bool is_list = source.kind == Kind::kSequence;
  for (const YamlNodePtr& item : source.items) is_list = is_list && item->kind == Kind::kMapping;
  if (!is_list) {
    return Fault(source.position, "<< takes a mapping or a list of mappings, usually aliases");
  }
  for (const YamlNodePtr& item : source.items) {
    if (!Visit(*item)) return;
    MergeMapping(*item, first_keys, entries);
  }
}

void YamlReader::MergeMapping(const YamlNode& mapping, FirstKeys& first_keys,
                              std::vector<Entry>& entries) {
  for (const Entry& entry : Entries(mapping)) {
    if (first_keys.emplace(entry.first->text, entry.first).second) entries.push_back(entry);
  }
}

bool YamlReader::Visit(const YamlNode& node) {
  if (exhausted_) return false;
  ++visits_;
  text_bytes_ += node.text.size();
  if (visits_ <= kMaxVisits && text_bytes_ <= kMaxTextBytes) return true;
  exhausted_ = true;
  Fault(node.position, absl::StrCat("the aliases of the file expand to more than ", kMaxVisits,
                                    " values or ", kMaxTextBytes, " bytes"));
  return false;
}

void YamlReader::WrongValue(const YamlNode& node, absl::string_view expected) {
  Fault(node.position, absl::StrCat(field_, " is ", Describe(node), ", expected ", expected));
}

void YamlReader::Fault(Position position, std::string message) {
  if (faults_.size() < kMaxFaults) faults_.push_back({position, std::move(message)});
}

std::vector<ConfigFault> YamlReader::TakeFaults() {
  std::stable_sort(faults_.begin(), faults_.end(), [](const ConfigFault& a, const ConfigFault& b) {
    return a.position < b.position;
  });
  faults_.erase(std::unique(faults_.begin(), faults_.end()), faults_.end());
  return std::move(faults_);
}

void ReadYaml(YamlReader& reader, const YamlNode& node, std::string& target) {
  if (!IsText(node)) return reader.WrongValue(node, "a text");
  if (node.tag != "tag:yaml.org,2002:binary") {
    target = node.text;
  } else if (!absl::Base64Unescape(node.text, &target) || !IsValidUtf8(target)) {
    reader.WrongValue(node, "text in UTF-8 and Base64 after !!binary");
  }
}

void ReadYaml(YamlReader& reader, const YamlNode& node, bool& target) {
  if (node.kind == Kind::kNull) return;
  const std::optional<bool> value = YamlBool(node);
  if (!value.has_value()) return reader.WrongValue(node, "true or false without quotes");
  target = *value;
}

void ReadYaml(YamlReader& reader, const YamlNode& node, int32_t& target) {
  ReadInteger(reader, node, target);
}

void ReadYaml(YamlReader& reader, const YamlNode& node, int64_t& target) {
  ReadInteger(reader, node, target);
}

void ReadYaml(YamlReader& reader, const YamlNode& node,
              std::map<std::string, std::string>& target) {
  if (node.kind == Kind::kNull) return;
  if (node.kind != Kind::kMapping) {
    return reader.WrongValue(node, "a mapping of texts, e.g. {key: value}");
  }
  const std::string outer = reader.field();
  for (const auto& [key, value] : reader.Entries(node)) {
    reader.set_field(absl::StrCat(outer, ".", Shown(key->text)));
    ReadYaml(reader, *value, target[key->text]);
  }
  reader.set_field(outer);
}

void ReadYaml(YamlReader& reader, const YamlNode& node, nlohmann::json& target) {
  if (node.kind == Kind::kNull) return;
  if (node.kind == Kind::kScalar) {
    target = ScalarToJson(node);
  } else if (node.kind == Kind::kSequence) {
    ListToJson(reader, node, target);
  } else {
    MappingToJson(reader, node, target);
  }
}

bool BeginList(YamlReader& reader, const YamlNode& node) {
  if (node.kind == Kind::kSequence) return true;
  if (node.kind == Kind::kScalar) {
    reader.WrongValue(node, absl::StrCat("a list, e.g. [", Quoted(node.text), "]"));
  } else if (node.kind != Kind::kNull) {
    reader.WrongValue(node, "a list");
  }
  return false;
}

}  // namespace jobexec::scheduler
