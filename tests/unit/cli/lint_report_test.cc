#include "cli/lint_report.h"

#include <gtest/gtest.h>

namespace jobexec::cli {
namespace {

const LintedFile kFile = {.name = "c.yaml",
                          .findings = {{{3, 5}, Severity::kError, "image", "no \"image\""},
                                       {{4, 1}, Severity::kWarning, "ttl", "short"}}};

TEST(LintReport, TextHasPlaceSeverityAndRule) {
  EXPECT_EQ(LintText(kFile, Colours(false)),
            "c.yaml:3:5: error: no \"image\" [image]\n"
            "c.yaml:4:1: warning: short [ttl]\n"
            "config c.yaml is invalid: 1 error, 1 warning\n");
  EXPECT_EQ(LintText({.name = "d"}, Colours(false)), "config d is valid\n");
  EXPECT_EQ(LintText({"d", {kFile.findings[1], kFile.findings[1]}}, Colours(false)),
            "d:4:1: warning: short [ttl]\nd:4:1: warning: short [ttl]\n"
            "config d is valid, with 2 warnings\n");
  EXPECT_EQ(LintText({"d", {{{}, Severity::kError, "file", "gone"}}}, Colours(false)),
            "d: error: gone [file]\nconfig d is invalid: 1 error, 0 warnings\n");
}

TEST(LintReport, ColoursAreWrittenIfWanted) {
  EXPECT_EQ(LintText({.name = "d"}, Colours(true)), "config d is \033[32mvalid\033[0m\n");
  EXPECT_NE(LintText(kFile, Colours(true)).find("\033[31merror\033[0m"), std::string::npos);
}

TEST(LintReport, JsonIsForPrograms) {
  EXPECT_EQ(LintJson({kFile, {.name = "d"}}),
            R"({"errors":1,"files":[{"file":"c.yaml","findings":[{"column":5,"line":3,)"
            R"("message":"no \"image\"","rule":"image","severity":"error"},{"column":1,"line":4,)"
            R"("message":"short","rule":"ttl","severity":"warning"}],"valid":false},)"
            R"({"file":"d","findings":[],"valid":true}],"warnings":1})"
            "\n");
}

TEST(LintReport, WarningsAreNoErrors) {
  EXPECT_TRUE(HasErrors(kFile));
  EXPECT_FALSE(HasErrors({"d", {kFile.findings[1]}}));
}

}  // namespace
}  // namespace jobexec::cli
