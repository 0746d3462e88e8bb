// Runs the scenarios of the CloudEvents conformance suite (http-protocol-binding.feature) against
// the decoder and against a real server.
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/synchronization/mutex.h"
#include "common/base/file.h"
#include "common/cloudevents/http_binding.h"
#include "common/http/http_client.h"
#include "common/http/http_server.h"

namespace jobexec::cloudevents {
namespace {

using Table = std::vector<std::vector<std::string>>;

// One example of a scenario outline, its parameters filled in.
struct Scenario {
  std::string name;
  std::string request;  // as on the wire, lines end with \n
  Table attributes;     // key, value
  std::string data;     // JSON
};

std::string DataFolder() {
  const char* folder = std::getenv("JOBEXEC_SHARED_DATA");
  return folder != nullptr ? folder : JOBEXEC_SHARED_DATA;
}

// The cells of "| a | b |".
std::vector<std::string> Cells(absl::string_view line) {
  std::vector<std::string> cells;
  for (absl::string_view cell : absl::StrSplit(line, '|')) {
    cells.emplace_back(absl::StripAsciiWhitespace(cell));
  }
  return {cells.begin() + 1, cells.end() - 1};
}

// Reads the subset of Gherkin that the suite is written in: outlines whose steps carry doc strings
// and tables, each with one column of examples.
class FeatureReader {
 public:
  explicit FeatureReader(const std::string& text) : lines_(absl::StrSplit(text, '\n')) {}

  std::vector<Scenario> Read() {
    std::vector<Scenario> scenarios;
    while (at_ < lines_.size()) {
      if (absl::StartsWith(Line(), "Scenario Outline:")) ReadOutline(scenarios);
      ++at_;
    }
    return scenarios;
  }

 private:
  absl::string_view Line() const { return absl::StripAsciiWhitespace(lines_[at_]); }

  void ReadOutline(std::vector<Scenario>& scenarios) {
    Scenario outline = {.name = std::string(Line())};
    for (++at_; at_ < lines_.size(); ++at_) {
      if (absl::StartsWith(Line(), "Given an HTTP request")) outline.request = DocString();
      if (absl::StartsWith(Line(), "Then the attributes are")) outline.attributes = ReadTable();
      if (absl::StartsWith(Line(), "And the data is equal to")) outline.data = DocString();
      if (absl::StartsWith(Line(), "Examples:")) return AddExamples(outline, scenarios);
    }
  }

  // The lines between """ and """, without the indentation of the quotes.
  std::string DocString() {
    ++at_;
    const size_t indentation = lines_[at_].find('"');
    std::string text;
    for (++at_; Line() != "\"\"\""; ++at_) {
      absl::StrAppend(&text, text.empty() ? "" : "\n",
                      lines_[at_].substr(std::min(indentation, lines_[at_].size())));
    }
    return text;
  }

  // The rows of a table without its headings.
  Table ReadTable() {
    Table rows;
    while (at_ + 1 < lines_.size() &&
           absl::StartsWith(absl::StripAsciiWhitespace(lines_[at_ + 1]), "|")) {
      ++at_;
      rows.push_back(Cells(Line()));
    }
    rows.erase(rows.begin());
    return rows;
  }

  void AddExamples(const Scenario& outline, std::vector<Scenario>& scenarios) {
    for (const auto& row : ReadTable()) {
      const auto fill = [&row](const std::string& text) {
        return absl::StrReplaceAll(text, {{"<contentType>", row.at(0)}});
      };
      Scenario scenario = outline;
      scenario.name = fill(outline.name);
      scenario.request = fill(outline.request);
      for (auto& attribute : scenario.attributes) attribute.at(1) = fill(attribute.at(1));
      scenarios.push_back(std::move(scenario));
    }
  }

  const std::vector<std::string> lines_;
  size_t at_ = 0;
};

http::Request ToRequest(const std::string& wire) {
  const size_t end_of_head = wire.find("\n\n");
  const std::vector<std::string> head = absl::StrSplit(wire.substr(0, end_of_head), '\n');
  const std::vector<std::string> first = absl::StrSplit(head.at(0), ' ');
  http::Request request = {.method = first.at(0), .target = first.at(1)};
  for (size_t i = 1; i < head.size(); ++i) {
    const std::pair<std::string, std::string> field =
        absl::StrSplit(head[i], absl::MaxSplits(": ", 1));
    request.headers.push_back(field);
  }
  request.body = wire.substr(end_of_head + 2);
  return request;
}

void ExpectScenario(const Scenario& scenario, const absl::StatusOr<std::vector<Event>>& events) {
  ASSERT_TRUE(events.ok()) << events.status();
  ASSERT_EQ(events->size(), 1);
  const Event& event = events->front();
  ASSERT_GE(scenario.attributes.size(), 6);
  for (const auto& row : scenario.attributes) {
    EXPECT_EQ(Attribute(event, row.at(0)), row.at(1)) << row.at(0);
  }
  EXPECT_EQ(nlohmann::json::parse(event.text_data()), nlohmann::json::parse(scenario.data));
}

class Conformance : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto text =
        ReadFile(DataFolder() + "/cloudevents/http-protocol-binding.feature", 1'000'000);
    if (!text.ok()) GTEST_SKIP() << text.status();
    scenarios_ = FeatureReader(*text).Read();
    ASSERT_EQ(scenarios_.size(), 4);
  }

  std::vector<Scenario> scenarios_;
};

TEST_F(Conformance, DecodesEveryRequest) {
  for (const Scenario& scenario : scenarios_) {
    SCOPED_TRACE(scenario.name);

    ExpectScenario(scenario, EventsFromHttp(ToRequest(scenario.request)));
  }
}

TEST_F(Conformance, DecodesEveryRequestThatComesThroughTheServer) {
  absl::Mutex mutex;
  std::vector<absl::StatusOr<std::vector<Event>>> received;
  auto server = http::Server::Start({.address = "127.0.0.1"},
                                    [&](const http::Request& request, http::Reply reply) {
                                      absl::MutexLock lock(&mutex);
                                      received.push_back(EventsFromHttp(request));
                                      std::move(reply)(http::MakeResponse(202, "text/plain", ""));
                                    });
  ASSERT_TRUE(server.ok()) << server.status();
  const auto client = http::Client::Create({});

  for (const Scenario& scenario : scenarios_) {
    SCOPED_TRACE(scenario.name);
    http::Request request = ToRequest(scenario.request);
    request.target = absl::StrCat("http://127.0.0.1:", (*server)->port(), request.target);

    const auto response = client->Send(request, absl::Seconds(10), /*idempotent=*/false);

    ASSERT_TRUE(response.ok()) << response.status();
    EXPECT_EQ(response->status, 202);
    absl::MutexLock lock(&mutex);
    ExpectScenario(scenario, received.back());
  }
  (*server)->Shutdown(absl::ZeroDuration());
}

}  // namespace
}  // namespace jobexec::cloudevents
