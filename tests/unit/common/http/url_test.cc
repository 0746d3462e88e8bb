#include "common/http/url.h"

#include <gtest/gtest.h>

namespace jobexec::http {
namespace {

TEST(Escape, KeepsTheUnreservedAndEncodesTheRest) {
  EXPECT_EQ(Escape("azAZ09-._~"), "azAZ09-._~");
  EXPECT_EQ(Escape("a/b c?d&e=f+g%h#"), "a%2Fb%20c%3Fd%26e%3Df%2Bg%25h%23");
  EXPECT_EQ(Escape("\xC3\xA4\n"), "%C3%A4%0A");
  EXPECT_EQ(Escape(""), "");
}

}  // namespace
}  // namespace jobexec::http
