// Strict reading of a YAML tree into plain structs: every fault is noted, none stops the reading.
//
//   void ReadYaml(YamlReader& reader, const YamlNode& node, Point& point) {
//     reader.Object(node, "a point", {Field("x", point.x), Field("y", point.y)});
//   }
#pragma once

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "scheduler/config/config_fault.h"
#include "scheduler/config/yaml_document.h"

namespace jobexec::scheduler {

class YamlReader;

struct YamlField {
  absl::string_view name;
  std::function<void(YamlReader&, const YamlNode&)> read;
};

// Not thread-safe. Made for one tree.
class YamlReader {
 public:
  using Entry = std::pair<const YamlNode*, const YamlNode*>;  // key, value

  // Reads the mapping `node`, which is `what` for people. Fields that are absent or null keep their
  // value. Unknown and duplicate fields are faults. A null node is an object without fields.
  void Object(const YamlNode& node, absl::string_view what, const std::vector<YamlField>& fields);

  // The entries of a mapping with merge keys (<<) resolved: what is written in the mapping itself
  // wins, then earlier merged mappings over later ones. Duplicate keys and keys that are no text
  // are faults.
  std::vector<Entry> Entries(const YamlNode& mapping);

  // Counts `node` against the limits of 100,000 values and 4 MiB of text with all aliases expanded;
  // false, with a fault, once they are passed. Whoever walks over the children
  // of a node counts them.
  bool Visit(const YamlNode& node);

  // "<field> is <found>, expected <expected>".
  void WrongValue(const YamlNode& node, absl::string_view expected);
  void Fault(Position position, std::string message);

  // Names the value that is read next, for faults.
  const std::string& field() const { return field_; }
  void set_field(std::string field) { field_ = std::move(field); }

  // The faults in the order of the file, each once (of very many only the first found).
  std::vector<ConfigFault> TakeFaults();

 private:
  using FirstKeys = absl::flat_hash_map<absl::string_view, const YamlNode*>;

  void Merge(const YamlNode& source, FirstKeys& first_keys, std::vector<Entry>& entries);
  void MergeMapping(const YamlNode& mapping, FirstKeys& first_keys, std::vector<Entry>& entries);

  size_t visits_ = 0;
  size_t text_bytes_ = 0;
  bool exhausted_ = false;
  std::string field_ = "the file";
  std::vector<ConfigFault> faults_;
};

// What ReadYaml knows by itself. A null node leaves the target alone.
// Texts keep their source text; a number becomes an integer as YamlNumber says, doubles are cut
// towards zero.
void ReadYaml(YamlReader& reader, const YamlNode& node, std::string& target);
void ReadYaml(YamlReader& reader, const YamlNode& node, bool& target);
void ReadYaml(YamlReader& reader, const YamlNode& node, int32_t& target);
void ReadYaml(YamlReader& reader, const YamlNode& node, int64_t& target);
void ReadYaml(YamlReader& reader, const YamlNode& node, std::map<std::string, std::string>& target);

// Any value, scalars as YAML 1.1 resolves them.
void ReadYaml(YamlReader& reader, const YamlNode& node, nlohmann::json& target);

// Begins a list: false, with a fault, if `node` is something else.
bool BeginList(YamlReader& reader, const YamlNode& node);

template <typename T>
void ReadYaml(YamlReader& reader, const YamlNode& node, std::optional<T>& target) {
  if (node.kind != YamlNode::Kind::kNull) ReadYaml(reader, node, target.emplace());
}

// An item that is null becomes an empty element.
template <typename T>
void ReadYaml(YamlReader& reader, const YamlNode& node, std::vector<T>& target) {
  if (!BeginList(reader, node)) return;
  const std::string list = reader.field();
  for (const YamlNodePtr& item : node.items) {
    if (!reader.Visit(*item)) return;
    reader.set_field(list + "[" + std::to_string(target.size()) + "]");
    ReadYaml(reader, *item, target.emplace_back());
  }
  reader.set_field(list);
}

// Binds a field of that name to where its value goes; `target` must live until Object returns.
template <typename T>
YamlField Field(absl::string_view name, T& target) {
  return {name,
          [&target](YamlReader& reader, const YamlNode& node) { ReadYaml(reader, node, target); }};
}

}  // namespace jobexec::scheduler
