// How Keptn's services cut a list into pages, faults included.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace jobexec::test_keptn {

struct PageRequest {
  int64_t size = 20;
  int64_t offset = 0;
};

struct Page {
  size_t begin = 0;  // [begin, end) of the list
  size_t end = 0;
  std::string next_key;  // "0": there is no further page
};

// The page that was asked for. Pure.
Page RightPage(size_t total, const PageRequest& request);

// What the shipyard-controller answers instead: as many elements as belong to the page, but always
// the first ones of the list. Pure.
Page BrokenPage(size_t total, const PageRequest& request);

}  // namespace jobexec::test_keptn
