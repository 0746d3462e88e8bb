#include "reporter/results.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder
using Json = nlohmann::json;

JobView WithResultFile(JobView job) {
  job.result_container = "main";
  return job;
}

PodView Wrote(PodView pod, std::string text) {
  pod.containers[0].message = std::move(text);
  return pod;
}

PodView Attempt(const JobView& job, int number, int exit_code, std::string text) {
  PodView pod = Wrote(Ended(Pod(job), exit_code), std::move(text));
  pod.name += absl::StrCat("-", number);
  pod.uid += absl::StrCat("-", number);
  pod.create_time = At(number);
  return pod;
}

std::string OnlyNote(const ResultNotes& notes) {
  EXPECT_THAT(notes, SizeIs(1));
  return notes.empty() ? "" : notes.begin()->second;
}

// One task that wrote `text`, into a block that has {"start": 1} already.
struct TextCase {
  const char* name;
  int exit_code;
  std::string text;
  Json added;
  const char* note;
};

TEST(Results, OfOneTask) {
  std::string long_text = absl::StrCat(R"({"cut":")", std::string(5000, 'x'), "\"}");
  long_text = long_text.substr(long_text.size() - 4096);
  const std::vector<TextCase> cases = {
      {"an object",
       0,
       R"({"url":"http://x","n":[1,2.5,null]})",
       {{"url", "http://x"}, {"n", {1, 2.5, nullptr}}},
       ""},
      {"of a failed task", 3, R"({"errors":7})", {{"errors", 7}}, ""},
      {"an empty object", 0, "{}", Json::object(), ""},
      {"blanks around it", 0, "\n {\"a\":1}\n", {{"a", 1}}, ""},
      {"nothing", 0, "", Json::object(), "Result file ignored: it is empty"},
      {"a failed task may write nothing", 3, "", Json::object(), ""},
      {"a text", 0, "done", Json::object(), "Result file ignored: it is not JSON"},
      {"a failed task's last words", 3, "no space left", Json::object(), "it is not JSON"},
      {"a list", 0, "[1]", Json::object(), "it is no JSON object"},
      {"a number", 0, "1", Json::object(), "it is no JSON object"},
      {"two objects", 0, "{}{}", Json::object(), "it is not JSON"},
      {"nested too deep", 0, std::string(2000, '['), Json::object(), "it is not JSON"},
      {"cut by Kubernetes", 0, long_text, Json::object(), "larger than 4096 bytes"},
      {"exactly as large as may be",
       0,
       absl::StrCat(R"({"k":")", std::string(4096 - 8, 'x'), "\"}"),
       {{"k", std::string(4096 - 8, 'x')}},
       ""},
      {"a key that is there",
       0,
       R"({"start":2,"end":3})",
       {{"end", 3}},
       "Keys of the result file ignored: start (set before)"},
  };
  for (const TextCase& test : cases) {
    SCOPED_TRACE(test.name);
    const JobView job = WithResultFile(Anchor({Entry(0, 1)}));
    Json block = {{"start", 1}};

    const ResultNotes notes = MergeResults(
        Fold(Snapshot({job}, {Wrote(Ended(Pod(job), test.exit_code), test.text)})), block);

    Json expected = {{"start", 1}};
    expected.update(test.added);
    EXPECT_EQ(block, expected);
    if (*test.note == '\0') {
      EXPECT_THAT(notes, IsEmpty());
    } else {
      EXPECT_THAT(OnlyNote(notes), HasSubstr(test.note));
    }
  }
}

TEST(Results, WithoutResultFileNothingIsTaken) {
  const JobView job = Anchor({Entry(0, 1)});
  Json block = Json::object();

  const ResultNotes notes =
      MergeResults(Fold(Snapshot({job}, {Wrote(Ended(Pod(job), 0), R"({"a":1})")})), block);

  EXPECT_THAT(notes, IsEmpty());
  EXPECT_THAT(block, IsEmpty());
}

TEST(Results, OfOtherContainersAreNotTaken) {
  const JobView job = WithResultFile(Anchor({Entry(0, 1)}));
  PodView pod = Wrote(Ended(Pod(job), 0), R"({"a":1})");
  pod.containers.push_back(pod.containers[0]);
  pod.containers.back().name = "sidecar";
  pod.containers.back().message = R"({"b":1})";
  pod.containers.push_back(pod.containers[0]);
  pod.containers.back().init = true;
  pod.containers.back().message = R"({"c":1})";
  Json block = Json::object();

  MergeResults(Fold(Snapshot({job}, {pod})), block);

  EXPECT_EQ(block, Json({{"a", 1}}));
}

TEST(Results, OfTasksInTheirOrderAndNotOfSilentActions) {
  runs::ManifestEntry silent = Entry(1, 1);
  silent.silent = true;
  const JobView first = Passed(WithResultFile(Anchor({Entry(0, 1), Entry(0, 2), silent})));
  const JobView second = WithResultFile(Released(Member(0, 2)));
  const JobView quiet = WithResultFile(Released(Member(1, 1)));
  Json block = Json::object();

  const ResultNotes notes = MergeResults(
      Fold(Snapshot({second, first, quiet}, {Wrote(Ended(Pod(second), 0), R"({"a":2,"b":2})"),
                                             Wrote(Ended(Pod(first), 0), R"({"a":1})"),
                                             Wrote(Ended(Pod(quiet), 0), R"({"c":3})")})),
      block);

  EXPECT_EQ(block, Json({{"a", 1}, {"b", 2}}));
  EXPECT_EQ(notes,
            ResultNotes({{JobName(0, 2), "Keys of the result file ignored: a (set before)"}}));
}

TEST(Results, OfAttemptsOnlyTheSuccessfulCounts) {
  JobView job = WithResultFile(Anchor({Entry(0, 1)}));
  job.one_pod = false;
  Json block = Json::object();

  const ResultNotes notes = MergeResults(
      Fold(Snapshot({Passed(job)},
                    {Attempt(job, 1, 1, R"({"a":1})"), Attempt(job, 2, 0, R"({"b":2})")})),
      block);

  EXPECT_EQ(block, Json({{"b", 2}}));
  EXPECT_THAT(notes, IsEmpty());
}

TEST(Results, OfAttemptsThatAllFailedTheLastCounts) {
  JobView job = WithResultFile(Anchor({Entry(0, 1)}));
  job.one_pod = false;
  Json block = Json::object();

  MergeResults(Fold(Snapshot({Failed(job)},
                             {Attempt(job, 1, 1, R"({"a":1})"), Attempt(job, 2, 1, R"({"b":2})")})),
               block);

  EXPECT_EQ(block, Json({{"b", 2}}));
}

TEST(Results, OfParallelPodsAreMergedAndComplaintsAreBounded) {
  JobView job = WithResultFile(Anchor({Entry(0, 1)}));
  job.one_pod = false;
  std::vector<PodView> pods = {Attempt(job, 1, 0, R"({"a":1})"), Attempt(job, 2, 0, R"({"b":2})")};
  for (int i = 3; i < 20; ++i) pods.push_back(Attempt(job, i, 0, "no"));
  Json block = Json::object();

  const ResultNotes notes = MergeResults(Fold(Snapshot({Passed(job)}, pods)), block);

  EXPECT_EQ(block, Json({{"a", 1}, {"b", 2}}));
  EXPECT_THAT(OnlyNote(notes), AllOf(HasSubstr("it is not JSON (pod "), HasSubstr("-x-7)"),
                                     Not(HasSubstr("-x-8)")), HasSubstr("of 12 more pods")));
}

TEST(Results, OfOneEventAreBounded) {
  JobView job = WithResultFile(Anchor({Entry(0, 1)}));
  job.one_pod = false;
  std::vector<PodView> pods;
  for (int i = 0; i < 20; ++i) {
    pods.push_back(
        Attempt(job, i, 0, absl::StrCat(R"({"k)", i, R"(":")", std::string(4000, 'x'), "\"}")));
  }
  Json block = Json::object();

  const ResultNotes notes = MergeResults(Fold(Snapshot({Passed(job)}, pods)), block);

  EXPECT_LE(block.dump().size(), kMaxResultBytes + 200);
  EXPECT_THAT(block, SizeIs(8));
  EXPECT_THAT(OnlyNote(notes), HasSubstr("k8 (an event's results have at most 32768 bytes)"));
}

TEST(Results, MayBeIgnoredAsAWhole) {
  const JobView job = WithResultFile(Passed(Anchor({Entry(0, 1), Entry(0, 2)})));

  EXPECT_EQ(IgnoreResults(Fold(Snapshot({job, Released(Member(0, 2))})), "because"),
            ResultNotes({{JobName(0, 1), "because"}}));
}

}  // namespace
}  // namespace jobexec::reporter
