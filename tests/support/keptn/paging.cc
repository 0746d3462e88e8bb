#include "tests/support/keptn/paging.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace jobexec::test_keptn {

Page RightPage(size_t total, const PageRequest& request) {
  const auto count = static_cast<int64_t>(total);
  const int64_t begin = std::clamp<int64_t>(request.offset, 0, count);
  const int64_t end = std::clamp<int64_t>(begin + request.size, begin, count);
  const int64_t next = request.offset + request.size;
  return {.begin = static_cast<size_t>(begin),
          .end = static_cast<size_t>(end),
          .next_key = absl::StrCat(next < count ? next : 0)};
}

Page BrokenPage(size_t total, const PageRequest& request) {
  Page page = RightPage(total, request);
  page.end -= page.begin;
  page.begin = 0;
  return page;
}

}  // namespace jobexec::test_keptn
