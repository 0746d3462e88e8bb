#include "common/kube/watch_decoder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "tests/support/status_matchers.h"

namespace jobexec::kube {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Feeds `pieces` and returns "<type> <name>" of each event.
struct Decoded {
  absl::Status status;
  std::vector<std::string> events;
};
Decoded Decode(const std::vector<std::string>& pieces, size_t max_line_bytes = 1000) {
  Decoded decoded;
  WatchDecoder decoder(max_line_bytes);
  for (const std::string& piece : pieces) {
    decoded.status = decoder.Feed(piece, [&](WatchEventType type, const nlohmann::json& object) {
      decoded.events.push_back(
          absl::StrCat(static_cast<int>(type), " ", object.value("name", "?")));
    });
    if (!decoded.status.ok()) break;
  }
  return decoded;
}

constexpr char kStream[] =
    "{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}\n"
    "{\"type\":\"MODIFIED\",\"object\":{\"name\":\"b\"}}\r\n\n"
    "{\"type\":\"DELETED\",\"object\":{\"name\":\"c\"}}\n"
    "{\"type\":\"BOOKMARK\",\"object\":{\"name\":\"d\"}}\n";

TEST(WatchDecoder, DecodesEachTypeOfEvent) {
  const Decoded decoded = Decode({kStream});

  EXPECT_THAT(decoded.status, IsOk());
  EXPECT_THAT(decoded.events, ElementsAre("0 a", "1 b", "2 c", "3 d"));
}

TEST(WatchDecoder, DoesNotCareWhereTheBytesAreCut) {
  const std::string stream = kStream;
  for (size_t size = 1; size < stream.size(); ++size) {
    std::vector<std::string> pieces;
    for (size_t i = 0; i < stream.size(); i += size) pieces.push_back(stream.substr(i, size));

    const Decoded decoded = Decode(pieces);

    EXPECT_THAT(decoded.status, IsOk()) << size;
    EXPECT_THAT(decoded.events, ElementsAre("0 a", "1 b", "2 c", "3 d")) << size;
  }
}

TEST(WatchDecoder, WaitsForTheEndOfALine) {
  EXPECT_THAT(Decode({"{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}"}).events, ElementsAre());
}

TEST(WatchDecoder, LimitsTheLine) {
  const std::string padded =
      absl::StrCat("{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}", std::string(62, ' '), "\n");
  ASSERT_EQ(padded.size(), 101);

  EXPECT_THAT(Decode({padded, padded}, 100).status, IsOk());
  for (const auto& pieces :
       {std::vector<std::string>{padded}, {padded.substr(0, 60), padded.substr(60)}}) {
    EXPECT_THAT(Decode(pieces, 99).status,
                StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("limit of 99 bytes")));
  }
}

TEST(WatchDecoder, EndsWithTheCodeOfAnErrorEvent) {
  const Decoded decoded = Decode(
      {"{\"type\":\"ADDED\",\"object\":{\"name\":\"a\"}}\n"
       "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\","
       "\"message\":\"too old resource version: 1 (2)\"}}\n"
       "{\"type\":\"ADDED\",\"object\":{\"name\":\"never\"}}\n"});

  EXPECT_THAT(decoded.status, StatusIs(absl::StatusCode::kOutOfRange, HasSubstr("too old")));
  EXPECT_EQ(GetReason(decoded.status), "Expired");
  EXPECT_THAT(decoded.events, ElementsAre("0 a"));
}

TEST(WatchDecoder, RefusesWhatIsNoEvent) {
  for (const char* line : {"garbage\n", "[]\n", "{\"type\":\"ADDED\"}\n",
                           "{\"type\":\"NEW\",\"object\":{}}\n", "{\"object\":{}}\n"}) {
    EXPECT_THAT(Decode({line}).status, StatusIs(absl::StatusCode::kInternal, _)) << line;
  }
}

}  // namespace
}  // namespace jobexec::kube
