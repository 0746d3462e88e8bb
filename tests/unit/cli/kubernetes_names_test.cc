#include "cli/kubernetes_names.h"

#include <gtest/gtest.h>

#include <string>

namespace jobexec::cli {
namespace {

TEST(KubernetesNames, Images) {
  for (const char* image :
       {"alpine", "alpine:3.18", "docker.io/library/alpine", "localhost:5000/a/b_c:v1.0-x",
        "gcr.io/x@sha256:0123456789abcdef0123456789abcdef",
        "a/b:T@sha512:"
        "0123456789abcdef0123456789abcdef",
        "registry.EXAMPLE.com/x", "a__b", "a--b"}) {
    EXPECT_TRUE(IsImageReference(image)) << image;
  }
  for (const char* image : {"", "Alpine", " alpine", "alpine ", "a//b", "a:", "a:-x", "/a", "a/",
                            "a@sha256:12", "a:b:c", "$(IMAGE)", "a_-b", "https://x/a"}) {
    EXPECT_FALSE(IsImageReference(image)) << image;
  }
}

TEST(KubernetesNames, Labels) {
  EXPECT_TRUE(IsDnsLabel("a-1"));
  EXPECT_TRUE(IsDnsLabel(std::string(63, 'a')));
  for (const std::string& name : {std::string(), std::string("a.b"), std::string("-a"),
                                  std::string("A"), std::string(64, 'a')}) {
    EXPECT_FALSE(IsDnsLabel(name)) << name;
  }
}

TEST(KubernetesNames, Subdomains) {
  EXPECT_TRUE(IsDnsSubdomain("a.b-c.1"));
  for (const std::string& name :
       {std::string(), std::string("a..b"), std::string("a_b"), std::string(254, 'a')}) {
    EXPECT_FALSE(IsDnsSubdomain(name)) << name;
  }
}

TEST(KubernetesNames, Variables) {
  for (const char* name : {"A", "_a", "A.b-c", ".a", "-"}) {
    EXPECT_TRUE(IsVariableName(name)) << name;
  }
  for (const char* name : {"", "1A", "A=B", "A B", ".", "..", "..a", "\xc3\xa4"}) {
    EXPECT_FALSE(IsVariableName(name)) << name;
  }
}

}  // namespace
}  // namespace jobexec::cli
