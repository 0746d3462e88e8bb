#include "intake/filter.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/support/status_matchers.h"

namespace jobexec::intake {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::HasSubstr;

TEST(CheckSize, LimitsTheEncodedEvent) {
  cloudevents::Event event;
  event.set_text_data(std::string(kMaxEventBytes - 5, 'x'));  // and 5 bytes of tag and length
  ASSERT_EQ(event.ByteSizeLong(), kMaxEventBytes);
  EXPECT_THAT(CheckSize(event), IsOk());

  event.set_text_data(std::string(kMaxEventBytes - 4, 'x'));
  EXPECT_THAT(CheckSize(event), StatusIs(absl::StatusCode::kResourceExhausted,
                                         HasSubstr("4128769 bytes when encoded, at most 4128768")));
}

}  // namespace
}  // namespace jobexec::intake
