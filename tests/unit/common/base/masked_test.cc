#include "common/base/masked.h"

#include <gtest/gtest.h>

namespace jobexec {
namespace {

TEST(MaskUserInformation, Table) {
  const struct {
    const char* text;
    const char* masked;
  } cases[] = {
      {"", ""},
      {"no URL, but me@host", "no URL, but me@host"},
      {"nats://host:4222", "nats://host:4222"},
      {"nats://user:password@host:4222", "nats://***@host:4222"},
      {"nats://token@host", "nats://***@host"},
      {"https://u:p@h/path?q#f", "https://***@h/path?q#f"},
      {"nats://a:b@h1,nats://h2,tls://c:d@h3", "nats://***@h1,nats://h2,tls://***@h3"},
      // What no URL allows, but people write.
      {"nats://user:p@ss@host", "nats://***@host"},
      {"nats://user:p/w?x#y@host", "nats://***@host"},
      {"nats://user:p w,x@host", "nats://***@host"},
      {"nats://@", "nats://***@"},
      {"://", "://"},
      {"is \"nats://u:p@h\", expected", "is \"nats://***@h\", expected"},
  };
  for (const auto& test : cases) EXPECT_EQ(MaskUserInformation(test.text), test.masked);
}

}  // namespace
}  // namespace jobexec
