#include "cli/source_positions.h"

#include <gtest/gtest.h>

namespace jobexec::cli {
namespace {

using scheduler::Position;

constexpr char kText[] = R"(base: &base
  image: x
a:
  - <<: *base
    name: n
  - {name: m, env: [p, q]}
)";

TEST(SourcePositions, OfValuesOrOfWhatIsAroundThem) {
  const SourcePositions positions(kText);
  struct Case {
    const char* name;
    Path path;
    Position position;
  };
  const Case kCases[] = {
      {"value", Path() / "a" / 0 / "name", {5, 11}},
      {"merged value", Path() / "a" / 0 / "image", {2, 10}},
      {"flow list", Path() / "a" / 1 / "env" / 1, {6, 24}},
      {"missing key", Path() / "a" / 1 / "image", {6, 5}},
      {"missing item", Path() / "a" / 7 / "name", {4, 3}},
      {"key of a list", Path() / "a" / "b", {4, 3}},
      {"root", Path(), {1, 1}},
  };
  for (const Case& c : kCases) {
    const Position found = positions.Of(c.path);
    EXPECT_EQ(found.line, c.position.line) << c.name;
    EXPECT_EQ(found.column, c.position.column) << c.name;
  }
}

TEST(SourcePositions, OfTextThatIsNoYaml) {
  EXPECT_EQ(SourcePositions("{").Of(Path() / "a"), (Position{1, 1}));
}

}  // namespace
}  // namespace jobexec::cli
