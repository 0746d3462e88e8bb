// What the store sends, and what it makes of answers that a test Keptn does not give.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/resources/keptn_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/status_matchers.h"
#include "tests/unit/common/keptn/scripted_keptn.h"

namespace jobexec::resources {
namespace {

using ::jobexec::testing::IsOk;
using ::jobexec::testing::JsonAnswer;
using ::jobexec::testing::StatusIs;
using ::testing::_;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::SizeIs;

const Scope kScope = {"shop", "dev", "cart"};
constexpr char kServicePath[] = "/api/resource-service/v1/project/shop/stage/dev/service/cart";

class KeptnWireTest : public ::testing::Test {
 protected:
  // What is answered from now on.
  void AnswerTo(std::function<http::Response(const http::Request&)> script) {
    absl::MutexLock lock(&mutex_);
    script_ = std::move(script);
  }
  void Answer(int status, const std::string& body) {
    AnswerTo([=](const http::Request&) { return JsonAnswer(status, body); });
  }
  absl::StatusOr<std::string> Read(absl::string_view path, absl::string_view commit = "") {
    return store_->Read(kScope, Level::kService, path, commit);
  }

  absl::Mutex mutex_;
  std::function<http::Response(const http::Request&)> script_ ABSL_GUARDED_BY(mutex_);
  testing::ScriptedKeptn keptn_{[this](const http::Request& request) {
    absl::MutexLock lock(&mutex_);
    return script_(request);
  }};
  testing::FakeClock clock_;
  std::unique_ptr<keptn::Api> api_ = keptn::Api::Create(keptn_.RemoteSettings(), clock_);
  std::unique_ptr<Store> store_ = MakeKeptnStore(*api_);
};

TEST_F(KeptnWireTest, EveryLevelHasItsPathAndNamesAreEscapedTwice) {
  Answer(200, "{}");
  const Scope scope = {"sh%p", "d", "c"};
  for (const Level level : kLevels) {
    EXPECT_THAT(store_->Read(scope, level, "job/a b~.yaml", "9f1e+"), IsOk());
  }

  EXPECT_THAT(keptn_.lines(),
              ElementsAre("GET /api/resource-service/v1/project/sh%25p/stage/d/service/c/resource/"
                          "job%252Fa%2520b%257E.yaml?gitCommitID=9f1e%2B",
                          "GET /api/resource-service/v1/project/sh%25p/stage/d/resource/"
                          "job%252Fa%2520b%257E.yaml?gitCommitID=9f1e%2B",
                          "GET /api/resource-service/v1/project/sh%25p/resource/"
                          "job%252Fa%2520b%257E.yaml"));
}

TEST_F(KeptnWireTest, ContentIsBase64AndMayBeAbsent) {
  struct Case {
    const char* body;
    const char* content;
  };
  const Case cases[] = {{R"({"resourceContent":"aGkK","resourceURI":"f"})", "hi\n"},
                        {R"({"resourceURI":"f","metadata":{}})", ""},
                        {R"({"resourceContent":""})", ""},
                        {R"({"resourceContent":null})", ""}};
  for (const Case& c : cases) {
    Answer(200, c.body);
    EXPECT_EQ(Read("f").value_or("(error)"), c.content) << c.body;
  }
}

TEST_F(KeptnWireTest, AnswersThatAreNoneAreOutages) {
  for (const char* body :
       {R"({"resourceContent":"%%%"})", R"({"resourceContent":7})", "[]", "", "<html>"}) {
    Answer(200, body);
    EXPECT_THAT(Read("f"), StatusIs(absl::StatusCode::kUnavailable, _)) << body;
  }
}

TEST_F(KeptnWireTest, FilesAboveTheLimitAreRefused) {
  Answer(200, absl::StrCat(R"({"resourceContent":")",
                           absl::Base64Escape(std::string(kMaxFileBytes + 1, 'x')), R"("})"));
  EXPECT_THAT(Read("f"), StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("16777217")));

  Answer(200, absl::StrCat(R"({"resourceContent":")",
                           absl::Base64Escape(std::string(kMaxFileBytes, 'x')), R"("})"));
  EXPECT_EQ(Read("f").value_or("").size(), kMaxFileBytes);
}

TEST_F(KeptnWireTest, ThreeHundredsAndFourHundredsAreTold) {
  struct Case {
    int status;
    const char* message;
    absl::StatusCode code;
  };
  const Case cases[] = {
      {404, "Resource not found", absl::StatusCode::kNotFound},
      {404, "stage not found", absl::StatusCode::kNotFound},
      {404, "Upstream repository not found", absl::StatusCode::kUnavailable},
      {404, "Could not find credentials for upstream repository", absl::StatusCode::kUnavailable},
      {404, "Tenant not found", absl::StatusCode::kUnavailable},
      {400, "invalid resource uri", absl::StatusCode::kInvalidArgument},
      {400, "Upstream repository not found", absl::StatusCode::kUnavailable},
      {400, "missing token", absl::StatusCode::kUnavailable},
      {409, "exists", absl::StatusCode::kUnavailable},
      {424, "Invalid git token", absl::StatusCode::kUnavailable},
      {401, "unauthenticated", absl::StatusCode::kUnavailable},
  };
  for (const Case& c : cases) {
    Answer(c.status, absl::StrCat(R"({"code":0,"message":")", c.message, R"("})"));
    EXPECT_THAT(Read("f"), StatusIs(c.code, HasSubstr(c.message))) << c.status;
    EXPECT_EQ(Read("f", "0123456789").status().code(), c.code) << c.status << c.message;
  }
}

TEST_F(KeptnWireTest, A404OfTheGatewayIsAnOutage) {
  for (const char* body : {"", "default backend - 404", "404 page not found", "<html>"}) {
    Answer(404, body);
    EXPECT_THAT(Read("f"), StatusIs(absl::StatusCode::kUnavailable, _)) << body;
  }
  Answer(400, "<html>The plain HTTP request was sent to HTTPS port</html>");
  EXPECT_THAT(Read("f"), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(KeptnWireTest, WhenToComeBackIsPassedOn) {
  AnswerTo([](const http::Request&) {
    http::Response response = JsonAnswer(429, "");
    response.headers.emplace_back("Retry-After", "9");
    return response;
  });
  EXPECT_EQ(GetRetryAfter(Read("f").status()), absl::Seconds(9));
}

// A file system's error at reading a directory is an internal one to Keptn.
TEST_F(KeptnWireTest, ADirectoryIsToldFromAnOutage) {
  AnswerTo([](const http::Request& request) {
    if (absl::StrContains(request.target, "/resource?")) {
      return JsonAnswer(200, R"({"resources":[{"resourceURI":"/tf/main.tf"}]})");
    }
    return JsonAnswer(500, R"({"code":500,"message":"Internal server error"})");
  });

  EXPECT_THAT(Read("tf"), StatusIs(absl::StatusCode::kNotFound, HasSubstr("is a directory")));
  EXPECT_THAT(Read("other"), StatusIs(absl::StatusCode::kUnavailable, _));
}

TEST_F(KeptnWireTest, APullThatFailsEndsTheHealing) {
  Answer(500, R"({"code":500,"message":"Internal server error"})");

  EXPECT_THAT(Read("f", "0123456789"), StatusIs(absl::StatusCode::kUnavailable, _));
  EXPECT_THAT(keptn_.lines(),
              ElementsAre(absl::StrCat("GET ", kServicePath, "/resource/f?gitCommitID=0123456789"),
                          absl::StrCat("GET ", kServicePath, "/resource/metadata.yaml")));
}

TEST_F(KeptnWireTest, OtherErrorsAreNotHealed) {
  for (const int status : {502, 503, 429, 401}) {
    keptn_.Forget();
    Answer(status, "");
    EXPECT_FALSE(Read("f", "0123456789").ok());
    EXPECT_THAT(keptn_.requests(), SizeIs(1)) << status;
  }
}

// The pages of a list, by the key that asks for them.
class KeptnListTest : public KeptnWireTest {
 protected:
  void AnswerPages(std::map<std::string, std::string> pages) {
    AnswerTo([pages = std::move(pages)](const http::Request& request) {
      const size_t key = request.target.find("nextPageKey=");
      if (!absl::StrContains(request.target, "/resource?")) {
        return JsonAnswer(404, R"({"message":"Resource not found"})");
      }
      const auto page = pages.find(key == std::string::npos ? "" : request.target.substr(key + 12));
      return page == pages.end() ? JsonAnswer(500, "") : JsonAnswer(200, page->second);
    });
  }
  absl::StatusOr<std::vector<std::string>> List(absl::string_view path) {
    return store_->List(kScope, Level::kService, path, "9f1e");
  }
};

TEST_F(KeptnListTest, FollowsThePagesWithAndWithoutSlash) {
  AnswerPages({{"", R"({"nextPageKey":"2","totalCount":3,"resources":[
                   {"resourceURI":"/d/b"},{"resourceURI":"d/a"}]})"},
               {"2", R"({"nextPageKey":"0","totalCount":3,"resources":[{"resourceURI":"/d/c/d"},
                   {"resourceURI":"/d2/x"},{"resourceURI":"/x/d/y"}]})"}});

  EXPECT_THAT(*List("d"), ElementsAre("d/a", "d/b", "d/c/d"));
  EXPECT_THAT(
      keptn_.lines(),
      ElementsAre(absl::StrCat("GET ", kServicePath, "/resource/metadata.yaml"),
                  absl::StrCat("GET ", kServicePath, "/resource?pageSize=1000"),
                  absl::StrCat("GET ", kServicePath, "/resource?pageSize=1000&nextPageKey=2")));
}

TEST_F(KeptnListTest, ADoubleEntryAndAWayOutAreLeftOut) {
  AnswerPages({{"", R"({"resources":[{"resourceURI":"/d/a"},{"resourceURI":"/d/a"},
      {"resourceURI":"/d/../../x"},{"resourceURI":"/d//y"},{"resourceURI":"/d/.git/config"},
      {"resourceURI":7},7]})"}});

  EXPECT_THAT(*List("d"), ElementsAre("d/a"));
}

TEST_F(KeptnListTest, PagesThatGoInACircleEnd) {
  AnswerPages({{"", R"({"nextPageKey":"1","resources":[{"resourceURI":"/d/a"}]})"},
               {"1", R"({"nextPageKey":"1","resources":[{"resourceURI":"/d/b"}]})"}});

  EXPECT_THAT(*List("d"), ElementsAre("d/a", "d/b"));
}

TEST_F(KeptnListTest, TooManyFilesAreRefused) {
  std::string page = R"({"resources":[)";
  for (size_t i = 0; i <= kMaxListedFiles; ++i) {
    absl::StrAppend(&page, i == 0 ? "" : ",", R"({"resourceURI":"/d/)", i, R"("})");
  }
  AnswerPages({{"", page + "]}"}});

  EXPECT_THAT(List("d"), StatusIs(absl::StatusCode::kResourceExhausted, _));
  EXPECT_THAT(List("other"), StatusIs(absl::StatusCode::kNotFound, _)) << "others do not count";
}

TEST_F(KeptnListTest, APageThatFailsFailsTheList) {
  AnswerPages({{"", R"({"nextPageKey":"2","resources":[{"resourceURI":"/d/b"}]})"}});

  EXPECT_THAT(List("d"), StatusIs(absl::StatusCode::kUnavailable, _));
}

}  // namespace
}  // namespace jobexec::resources
