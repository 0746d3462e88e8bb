#include "scheduler/config/yaml_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <optional>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "common/base/printable.h"
#include "common/base/utf8.h"

namespace jobexec::scheduler {
namespace {

using Kind = YamlNode::Kind;

constexpr size_t kMaxNodes = 100'000;
constexpr int kMaxDepth = 50;
// How yaml-cpp shows the end of the file in messages; no file may have it.
constexpr char kEndOfFile = '\x04';

// Places in the file as people count them: yaml-cpp's columns are bytes, ours are characters.
class Places {
 public:
  explicit Places(absl::string_view text) : size_(static_cast<int>(text.size())) {
    for (size_t i = 0; i < text.size(); ++i) {
      const bool continues_character = (static_cast<unsigned char>(text[i]) & 0xC0) == 0x80;
      if (continues_character) continuations_.push_back(static_cast<int>(i));
    }
  }

  Position Of(const YAML::Mark& mark) const {
    if (mark.is_null()) return {1, 1};
    // yaml-cpp reads an end of its own behind the last character.
    const int column = mark.column - std::max(0, mark.pos - size_);
    const int more_bytes = CountBefore(mark.pos) - CountBefore(mark.pos - mark.column);
    return {mark.line + 1, column - more_bytes + 1};
  }

 private:
  int CountBefore(int offset) const {
    const auto end = std::lower_bound(continuations_.begin(), continuations_.end(), offset);
    return static_cast<int>(end - continuations_.begin());
  }

  const int size_;
  std::vector<int> continuations_;  // offsets of all bytes but the first of a character, ascending
};

bool IsNullWord(absl::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

// yaml-cpp 0.7 makes one byte of the escapes "\N" and "\_", which is no UTF-8.
std::string WithWholeCharacters(absl::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const DecodedUtf8 next = DecodeUtf8(text, i);
    AppendUtf8(next.valid ? next.code_point : static_cast<unsigned char>(text[i]), out);
    i += next.bytes;
  }
  return out;
}

// Builds the tree of the first document. Keeps the first fault and ignores what comes after it.
class TreeBuilder final : public YAML::EventHandler {
 public:
  explicit TreeBuilder(const Places& places) : places_(places) {}

  YamlNodePtr root() const { return root_; }
  bool ended() const { return ended_; }
  const std::optional<ConfigFault>& fault() const { return fault_; }

  void OnDocumentStart(const YAML::Mark& /*mark*/) override {}
  void OnDocumentEnd() override { ended_ = true; }
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const Position position = places_.Of(mark);
    // yaml-cpp takes a lone word between keys for a key without value, and says so only by the
    // place.
    if (anchor == 0 && IsKeyPosition(position)) {
      return Fail(position, "expected \":\" after the key");
    }
    Add(NewNode(Kind::kNull, position, anchor));
  }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (fault_.has_value()) return;
    for (const Open& open : open_) {
      if (open.anchor == anchor) return Fail(places_.Of(mark), "the alias contains itself");
    }
    Add(anchors_[anchor]);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    const bool is_null = tag == "?" && IsNullWord(value);
    auto node = NewNode(is_null ? Kind::kNull : Kind::kScalar, places_.Of(mark), anchor);
    if (node == nullptr) return;
    node->tag = tag;
    if (!is_null) node->text = WithWholeCharacters(value);
    Add(node);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value /*style*/) override {
    Enter(NewNode(Kind::kSequence, places_.Of(mark), anchor), anchor);
  }
  void OnSequenceEnd() override { Leave(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& /*tag*/, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value /*style*/) override {
    Enter(NewNode(Kind::kMapping, places_.Of(mark), anchor), anchor);
  }
  void OnMapEnd() override { Leave(); }

 private:
  // A sequence or mapping that has not ended yet.
  struct Open {
    std::shared_ptr<YamlNode> node;
    YAML::anchor_t anchor;
    YamlNodePtr key;  // of a mapping, while its value is awaited
  };

  void Fail(Position position, absl::string_view message) {
    if (!fault_.has_value()) fault_ = ConfigFault{position, std::string(message)};
  }

  void FailDepth(Position position) {
    Fail(position, absl::StrCat("nested deeper than ", kMaxDepth, " levels"));
  }

  bool IsKeyPosition(Position position) const {
    return !open_.empty() && open_.back().key != nullptr && open_.back().key->kind != Kind::kNull &&
           open_.back().key->position == position;
  }

  std::shared_ptr<YamlNode> NewNode(Kind kind, Position position, YAML::anchor_t anchor) {
    if (++nodes_ > kMaxNodes) {
      Fail(position, absl::StrCat("more than ", kMaxNodes, " values in one file"));
    }
    if (fault_.has_value()) return nullptr;
    auto node = std::make_shared<YamlNode>();
    node->kind = kind;
    node->position = position;
    if (anchor != 0) anchors_[anchor] = node;
    return node;
  }

  void Add(YamlNodePtr node) {
    if (fault_.has_value() || node == nullptr) return;
    if (open_.empty()) {
      root_ = std::move(node);
      return;
    }
    YamlNode& parent = *open_.back().node;
    parent.height = std::max(parent.height, node->height + 1);
    if (parent.height > kMaxDepth) return FailDepth(parent.position);
    if (Open& open = open_.back(); open.node->kind == Kind::kSequence) {
      open.node->items.push_back(std::move(node));
    } else if (open.key == nullptr) {
      open.key = std::move(node);
    } else {
      open.node->pairs.emplace_back(std::move(open.key), std::move(node));
      open.key = nullptr;
    }
  }

  void Enter(std::shared_ptr<YamlNode> node, YAML::anchor_t anchor) {
    if (node == nullptr) return;
    if (open_.size() >= size_t{kMaxDepth}) return FailDepth(node->position);
    open_.push_back({std::move(node), anchor, nullptr});
  }

  void Leave() {
    if (fault_.has_value()) return;
    YamlNodePtr node = std::move(open_.back().node);
    open_.pop_back();
    Add(std::move(node));
  }

  const Places& places_;
  size_t nodes_ = 0;
  std::vector<Open> open_;
  std::map<YAML::anchor_t, YamlNodePtr> anchors_;
  YamlNodePtr root_;
  bool ended_ = false;
  std::optional<ConfigFault> fault_;
};

// Notes where a further document begins and ignores what it holds.
class NextDocument final : public YAML::EventHandler {
 public:
  std::optional<YAML::Mark> start;

  void OnDocumentStart(const YAML::Mark& mark) override { start = mark; }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t,
                const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}
};

// Line `number` (from 1) of `text`.
absl::string_view LineOf(absl::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    const size_t end = text.find('\n');
    if (end == absl::string_view::npos) return "";
    text.remove_prefix(end + 1);
  }
  return text.substr(0, text.find('\n'));
}

ConfigFault SyntaxFault(const YAML::Exception& error, const Places& places,
                        absl::string_view text) {
  const Position position = places.Of(error.mark);
  const absl::string_view line = LineOf(text, position.line);
  const absl::string_view indent = line.substr(0, line.find_first_not_of(" \t"));
  if (absl::StrContains(indent, '\t')) {
    return {position, "not valid YAML: the line is indented by a tab; use blanks"};
  }
  if (absl::StrContains(error.msg, kEndOfFile)) {
    return {position, "not valid YAML: the file ends after a backslash"};
  }
  // Newer versions of the library add the name.
  if (absl::StrContains(error.msg, YAML::ErrorMsg::UNKNOWN_ANCHOR)) {
    return {position, "not valid YAML: an alias (*) of an anchor (&) that is not defined above"};
  }
  // The message may end with the first byte of a character.
  return {position, absl::StrCat("not valid YAML: ", Printable(error.msg))};
}

// True if the document ends with "..." somewhere above line `number`.
bool IsEndedAbove(absl::string_view text, int number) {
  for (int i = 1; i < number; ++i) {
    if (absl::StartsWith(text, "...")) return true;
    const size_t end = text.find('\n');
    text.remove_prefix(end == absl::string_view::npos ? text.size() : end + 1);
  }
  return false;
}

// UTF-8 without control characters; yaml-cpp would take some of them for the end of the file.
std::optional<ConfigFault> CheckCharacters(absl::string_view text) {
  Position position{1, 1};
  for (size_t i = 0; i < text.size();) {
    const DecodedUtf8 next = DecodeUtf8(text, i);
    if (!next.valid) return ConfigFault{position, "the file is not UTF-8 text"};
    const char32_t c = next.code_point;
    if ((c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7F) {
      return ConfigFault{position, absl::StrFormat("control character U+%04X is not allowed", c)};
    }
    i += next.bytes;
    position =
        c == '\n' ? Position{position.line + 1, 1} : Position{position.line, position.column + 1};
  }
  return std::nullopt;
}

// yaml-cpp begins a new document where it no longer understands the first one.
std::optional<ConfigFault> CheckEnd(YAML::Parser& parser, const Places& places,
                                    absl::string_view text) {
  NextDocument next;
  try {
    parser.HandleNextDocument(next);
  } catch (const YAML::Exception&) {
    // Whatever is wrong there is no concern of the first document.
  }
  if (!next.start.has_value()) return std::nullopt;
  const Position position = places.Of(*next.start);
  if (absl::StartsWith(LineOf(text, position.line), "---")) return std::nullopt;
  return ConfigFault{position,
                     "not valid YAML: does not belong to what is above; check the indentation"};
}

}  // namespace

std::variant<YamlNodePtr, ConfigFault> ParseYaml(absl::string_view text, size_t max_bytes) {
  if (text.size() > max_bytes) {
    return ConfigFault{
        {1, 1}, absl::StrCat("the file has ", text.size(), " bytes, allowed are ", max_bytes)};
  }
  absl::ConsumePrefix(&text, "\xEF\xBB\xBF");  // byte order mark
  if (auto fault = CheckCharacters(text); fault.has_value()) return *std::move(fault);
  std::istringstream stream{std::string(text)};
  const Places places(text);
  TreeBuilder builder(places);
  try {
    YAML::Parser parser(stream);
    parser.HandleNextDocument(builder);
    if (builder.fault().has_value()) return *builder.fault();
    if (auto fault = CheckEnd(parser, places, text); fault.has_value()) return *std::move(fault);
  } catch (const YAML::Exception& error) {
    if (builder.fault().has_value()) return *builder.fault();
    if (!builder.ended() || !IsEndedAbove(text, error.mark.line + 1)) {
      return SyntaxFault(error, places, text);
    }
  }
  if (builder.root() == nullptr) return std::make_shared<const YamlNode>();
  return builder.root();
}

}  // namespace jobexec::scheduler
