#include "cli/source_positions.h"

#include "scheduler/config/yaml_reader.h"

namespace jobexec::cli {
namespace {

using scheduler::YamlNode;

// nullptr if there is none.
const YamlNode* Member(const YamlNode& mapping, const std::string& key) {
  scheduler::YamlReader reader;
  for (const auto& [name, value] : reader.Entries(mapping)) {
    if (name->text == key) return value;
  }
  return nullptr;
}

const YamlNode* Next(const YamlNode& node, const Path::Step& step) {
  if (const auto* key = std::get_if<std::string>(&step)) {
    return node.kind == YamlNode::Kind::kMapping ? Member(node, *key) : nullptr;
  }
  const size_t index = std::get<size_t>(step);
  return index < node.items.size() ? node.items[index].get() : nullptr;
}

}  // namespace

SourcePositions::SourcePositions(absl::string_view content) {
  const auto tree = scheduler::ParseYaml(content);
  if (const auto* root = std::get_if<scheduler::YamlNodePtr>(&tree)) root_ = *root;
}

scheduler::Position SourcePositions::Of(const Path& path) const {
  if (root_ == nullptr) return {1, 1};
  const YamlNode* node = root_.get();
  for (const Path::Step& step : path.steps()) {
    const YamlNode* next = Next(*node, step);
    if (next == nullptr) break;
    node = next;
  }
  return node->position;
}

}  // namespace jobexec::cli
