#include "common/cloudevents/content_type.h"

#include <gtest/gtest.h>

namespace jobexec::cloudevents {
namespace {

struct Case {
  const char* content_type;
  const char* media_type;
  bool json;
  bool utf8_text;
};

TEST(ContentType, Table) {
  const Case cases[] = {
      {"", "", false, false},
      {"application/json", "application/json", true, false},
      {" Application/JSON ; charset=UTF-8", "application/json", true, false},
      {"text/json", "text/json", true, true},
      {"application/geo+json", "application/geo+json", true, false},
      {"application/jsonlines", "application/jsonlines", false, false},
      {"text/plain", "text/plain", false, true},
      {"text/xml; charset=\"utf-8\"", "text/xml", false, true},
      {"text/plain; format=flowed; Charset=US-ASCII", "text/plain", false, true},
      {"text/plain; charset=iso-8859-1", "text/plain", false, false},
      {"application/xml", "application/xml", false, false},
      {"image/png", "image/png", false, false},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.content_type);

    EXPECT_EQ(MediaType(c.content_type), c.media_type);
    EXPECT_EQ(IsJsonType(c.content_type), c.json);
    EXPECT_EQ(IsUtf8TextType(c.content_type), c.utf8_text);
  }
}

}  // namespace
}  // namespace jobexec::cloudevents
