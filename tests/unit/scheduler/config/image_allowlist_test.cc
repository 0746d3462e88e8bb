#include "scheduler/config/image_allowlist.h"

#include <gmock/gmock.h>

#include "tests/support/status_matchers.h"

namespace jobexec::scheduler {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

struct AllowCase {
  const char* list;
  const char* image;
  bool allowed;
};

TEST(ImageAllowlist, Table) {
  const AllowCase kCases[] = {
      {"", "anything", true},
      {",,", "anything", true},
      {"*", "anything", true},
      {"alpine,*", "busybox", true},
      {"*,[", "busybox", true},  // what follows "*" is not compiled
      {"alpine", "alpine", true},
      {"alpine", "alpine:latest", false},
      {"alpine:*", "alpine:3", true},
      {"alpine:*", "alpine", false},
      {"alpine, busybox", "busybox", false},
      {"alpine, busybox", " busybox", true},
      {"docker.io/*", "alpine", false},
      {"docker.io/*", "docker.io/library/alpine:3", true},
      {"docker.io/*,ghcr.io/*", "ghcr.io/x", true},
      {"*[AB]/some-image*", "hostB/some-image:1", true},
      {"*[AB]/some-image*", "hostC/some-image:1", false},
      {"k6:0.34.*", "k6:0.34.1", true},
      {"k6:0.34.*", "k6:0.35.1", false},
      {"alpine@sha256*", "alpine@sha256:abc", true},
      {"my.registry:5000/**", "my.registry:5000/a/b", true},
      {"my.registry", "myXregistry", false},
      {"Alpine", "alpine", false},
      {"**", "anything", true},
      {"alpine", "", false},
  };
  for (const AllowCase& c : kCases) {
    const auto allowlist = ImageAllowlist::Parse(c.list);
    ASSERT_THAT(allowlist, IsOk());
    EXPECT_EQ(allowlist->Allows(c.image), c.allowed) << c.list << " " << c.image;
  }
}

TEST(ImageAllowlist, DefaultAllowsEverything) { EXPECT_TRUE(ImageAllowlist().Allows("x")); }

TEST(ImageAllowlist, RefusesMalformedGlobs) {
  EXPECT_THAT(ImageAllowlist::Parse("alpine,["),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("\"[\" is no glob pattern")));
  EXPECT_THAT(ImageAllowlist::Parse("[],*"),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("empty character class")));
}

}  // namespace
}  // namespace jobexec::scheduler
