#include "scheduler/config/yaml_document.h"

#include <gtest/gtest.h>

namespace jobexec::scheduler {
namespace {

std::string Text(absl::string_view yaml) {
  const auto tree = ParseYaml(yaml);
  const auto* const root = std::get_if<YamlNodePtr>(&tree);
  return root == nullptr ? "fault" : (*root)->text;
}

TEST(YamlDocument, EscapesOfOneLetterAreWholeCharacters) {
  EXPECT_EQ(Text(R"("\N")"), "\u0085");
  EXPECT_EQ(Text(R"("\_")"), "\u00A0");
  EXPECT_EQ(Text(R"("\L\P")"), "\u2028\u2029");
  EXPECT_EQ(Text(R"("\x85\xE9\_\N")"), "\u0085\u00E9\u00A0\u0085");
  EXPECT_EQ(Text("\"\u00E9\\_\""), "\u00E9\u00A0");
}

TEST(YamlDocument, FaultsShowNoPartsOfCharacters) {
  const auto tree = ParseYaml("\"\\\u00E9\"");

  ASSERT_TRUE(std::holds_alternative<ConfigFault>(tree));
  EXPECT_EQ(std::get<ConfigFault>(tree).message, "not valid YAML: unknown escape character: \\xc3");
}

TEST(YamlDocument, AFileThatEndsInAnEscapeIsFaultyAtItsEnd) {
  const auto tree = ParseYaml("a: \"\u00E9\\");

  ASSERT_TRUE(std::holds_alternative<ConfigFault>(tree));
  EXPECT_EQ(std::get<ConfigFault>(tree),
            (ConfigFault{{1, 7}, "not valid YAML: the file ends after a backslash"}));
}

}  // namespace
}  // namespace jobexec::scheduler
