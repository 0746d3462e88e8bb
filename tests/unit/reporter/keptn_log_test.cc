#include "reporter/keptn_log.h"

#include <gmock/gmock.h>
#include <prometheus/registry.h>

#include <nlohmann/json.hpp>

#include "absl/strings/match.h"
#include "common/base/status_details.h"
#include "common/telemetry/metrics.h"
#include "tests/unit/reporter/harness.h"
#include "tests/unit/reporter/scripted_api.h"

namespace jobexec::reporter {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using namespace testing;  // NOLINT: builders of this folder

JobView Registered(JobView anchor) {
  anchor.record.facts.integration_id = "intg-1";
  anchor.record.facts.commit = "9f1e";
  return anchor;
}

JobView Refused(JobView anchor) {
  anchor.record.role = runs::Role::kRecord;
  anchor.record.manifest.clear();
  anchor.record.refused = true;
  anchor.record.refusal = {9, "CONFIG_INVALID", "job/config.yaml:3:5: unknown field"};
  return anchor;
}

JobView Noted(JobView anchor, const char* state) {
  anchor.record.error_log = state;
  return anchor;
}

JobView Silent(JobView anchor) {
  anchor.record.manifest[0].silent = true;
  return anchor;
}

JobView Aborted(JobView anchor) {
  anchor.record.cancels = {{.by = "keptn", .sequence_ended = true}};
  return Stopped(std::move(anchor), "cancelled");
}

TEST(KeptnLog, WhatIsOwed) {
  const JobView plain = Registered(Anchor({Entry(0, 1)}));
  const JobView unowed = WithLedger(plain, "none");
  const struct {
    const char* name;
    JobView anchor;
    bool wants;
    bool owes;
  } cases[] = {
      {"runs", plain, false, false},
      {"passed", WithLedger(Passed(plain), "f"), false, false},
      {"failed, not answered", WithLedger(Failed(plain), "s"), true, false},
      {"failed, answered, noted", Noted(WithLedger(Failed(plain), "f"), kErrorLogOwed), true, true},
      {"failed, answered by a reporter without Keptn", WithLedger(Failed(plain), "f"), true, false},
      {"posted", Noted(WithLedger(Failed(plain), "f"), kErrorLogPosted), true, false},
      {"refused with an answer to come", Refused(plain), true, false},
      {"refused without an answer", Refused(unowed), true, true},
      {"refused, posted", Noted(Refused(unowed), kErrorLogPosted), true, false},
      {"refused, Keptn did not take it", Noted(Refused(unowed), kErrorLogRefused), true, false},
      {"no answer owed, runs", unowed, false, false},
      {"no answer owed, failed", Failed(unowed), true, true},
      {"silent, failed", Silent(Failed(unowed)), false, false},
      {"aborted", WithLedger(Aborted(plain), "f"), false, false},
      {"not registered", WithLedger(Failed(Anchor({Entry(0, 1)})), "none"), false, false},
  };
  for (const auto& test : cases) {
    SCOPED_TRACE(test.name);
    const EventState state = Fold(Snapshot({test.anchor}));
    EXPECT_EQ(WantsErrorReport(state), test.wants);
    EXPECT_EQ(OwesErrorReport(state), test.owes);
  }
}

TEST(KeptnLog, AnEntryIsLinkedToTheEvent) {
  const EventState state = Fold(Snapshot({Registered(Refused(Anchor({})))}));

  const ErrorReport report = MakeErrorReport(state, "because", At(7));

  EXPECT_EQ(report.entry.integration_id, "intg-1");
  EXPECT_EQ(report.entry.message, "because");
  EXPECT_EQ(report.entry.time, At(7));
  EXPECT_EQ(report.entry.keptn_context, "context-1");
  EXPECT_EQ(report.entry.task, "deploy");
  EXPECT_EQ(report.entry.triggered_id, "event-1");
  EXPECT_EQ(report.entry.commit, "9f1e");
  EXPECT_EQ(report.job, JobName(0, 1));
  EXPECT_EQ(report.uid, "uid-0-1");
}

TEST(KeptnLog, TheTaskOfATypeThatIsNoneIsTheType) {
  JobView anchor = Registered(Anchor({}));
  anchor.record.facts.type = "com.example.triggered";
  EXPECT_EQ(MakeErrorReport(Fold(Snapshot({anchor})), "", At(0)).entry.task,
            "com.example.triggered");
}

class KeptnLogTest : public ::testing::Test {
 protected:
  KeptnLogTest()
      : api_([this](const keptn::Call&) -> absl::StatusOr<std::string> {
          if (failures_.empty()) return "{}";
          const absl::Status failure = failures_.front();
          failures_.erase(failures_.begin());
          return failure;
        }),
        kube_(clock_),
        metrics_(registry_),
        log_({api_, kube_, metrics_, clock_, [this] { return acts_; }}) {
    kube_.Put(kube::Jobs("jobs"), JobJson(anchor_));
  }

  void Run(int reports = 1) {
    for (int i = 0; i < reports; ++i) {
      EXPECT_TRUE(log_.TryAdd(MakeErrorReport(Fold(Snapshot({anchor_})), "why", At(0))));
    }
    log_.Close();
    log_.Run(absl::Notification());
  }

  std::string Noted() const {
    const Json job = kube_.Find(kube::Jobs("jobs"), JobName(0, 1));
    return job["metadata"]["annotations"].value(runs::kErrorLogAnnotation, "");
  }

  const JobView anchor_ = Registered(Anchor({Entry(0, 1)}));
  std::vector<absl::Status> failures_;
  bool acts_ = true;
  jobexec::testing::FakeClock clock_;
  ScriptedApi api_;
  jobexec::testing::FakeKubeClient kube_;
  prometheus::Registry registry_;
  Metrics metrics_;
  KeptnLog log_;
};

TEST_F(KeptnLogTest, PostsAndNotesIt) {
  Run();
  ASSERT_THAT(api_.calls(), SizeIs(1));
  EXPECT_EQ(api_.calls()[0].path, "/v1/log");
  EXPECT_EQ(Json::parse(api_.calls()[0].body)["logs"][0]["triggeredid"], "event-1");
  EXPECT_EQ(Noted(), "posted");
}

TEST_F(KeptnLogTest, TriesAgainUntilKeptnTakesIt) {
  absl::Status busy = KeptnError(429);
  SetRetryAfter(busy, absl::Seconds(40));
  failures_ = {KeptnError(503), KeptnError(401), busy, absl::DeadlineExceededError("slow")};
  const absl::Time start = clock_.TimeNow();
  Run();
  EXPECT_THAT(api_.calls(), SizeIs(5));
  EXPECT_EQ(Noted(), "posted");
  EXPECT_GE(clock_.TimeNow() - start, absl::Seconds(40));
  EXPECT_LE(clock_.TimeNow() - start, absl::Seconds(60));
}

TEST_F(KeptnLogTest, WhatKeptnRefusesIsNotPostedForEver) {
  failures_ = {KeptnError(400)};
  Run(2);
  EXPECT_THAT(api_.calls(), SizeIs(2));
  EXPECT_THAT(SerializeMetrics(registry_),
              AllOf(HasSubstr(R"(jobexec_reporter_error_logs_total{result="refused"} 1)"),
                    HasSubstr(R"(jobexec_reporter_error_logs_total{result="posted"} 1)")));
}

TEST_F(KeptnLogTest, AnAnchorThatIsGoneIsNoReasonToKeepSilent) {
  kube_.Remove(kube::Jobs("jobs"), JobName(0, 1));
  Run();
  EXPECT_THAT(api_.calls(), SizeIs(1));
}

TEST_F(KeptnLogTest, WhoMayNotActPostsNothing) {
  acts_ = false;
  Run();
  EXPECT_THAT(api_.calls(), IsEmpty());
  EXPECT_EQ(kube_.Count("patch"), 0);
}

TEST_F(KeptnLogTest, TakesNoMoreThanItCanHold) {
  size_t taken = 0;
  while (log_.TryAdd({})) ++taken;
  EXPECT_EQ(taken, KeptnLog::kCapacity);
}

// The reporter as a whole.

class ErrorLogTest : public ::testing::Test {
 protected:
  ErrorLogTest() : api_([](const keptn::Call&) { return "{}"; }), h_(Transport::kKeptn, &api_) {}

  // Entries that have come to Keptn by now.
  std::vector<Json> Posted() {
    h_.PostErrorLog();
    std::vector<Json> entries;
    for (const keptn::Call& call : api_.calls()) {
      entries.push_back(Json::parse(call.body)["logs"][0]);
    }
    return entries;
  }

  std::string NotedOn(const JobView& anchor) {
    return h_.Job(anchor)["metadata"]["annotations"].value(runs::kErrorLogAnnotation, "");
  }

  const JobView anchor_ = Registered(Anchor({Entry(0, 1)}));
  ScriptedApi api_;
  Harness h_;
};

TEST_F(ErrorLogTest, AnErroredAnswerGetsAnEntryWithItsMessage) {
  h_.Create(anchor_);
  h_.EndPod(anchor_, 3, "cannot open\n");
  h_.Run();
  EXPECT_EQ(NotedOn(anchor_), "owed");

  const std::vector<Json> posted = Posted();
  ASSERT_THAT(posted, SizeIs(1));
  EXPECT_EQ(posted[0]["message"],
            Json::parse(h_.publisher.Events("finished").at(0).text_data())["message"]);
  EXPECT_EQ(NotedOn(anchor_), "posted");
  EXPECT_EQ(h_.kube.Count("patch"), 4) << "three for the answers, one for the entry";
}

TEST_F(ErrorLogTest, ASuccessGetsNoneAndCostsNothing) {
  h_.Create(anchor_);
  h_.EndPod(anchor_, 0, "fine\n");
  h_.Run();
  EXPECT_THAT(Posted(), IsEmpty());
  EXPECT_EQ(h_.kube.Count("patch"), 3);
}

TEST_F(ErrorLogTest, ARefusalThatOwesNoAnswerGetsOne) {
  JobView record = WithLedger(Refused(anchor_), "none");
  record.record.has_answer_finalizer = false;
  h_.Create(record);
  h_.Run();

  EXPECT_EQ(h_.publisher.attempts, 0);
  const std::vector<Json> posted = Posted();
  ASSERT_THAT(posted, SizeIs(1));
  EXPECT_EQ(posted[0]["message"], "job/config.yaml:3:5: unknown field");
  EXPECT_EQ(NotedOn(record), "posted");

  h_.StartReporter();
  h_.Run();
  EXPECT_THAT(Posted(), SizeIs(1)) << "a successor knows that it was posted";
}

TEST_F(ErrorLogTest, ASuccessorPostsWhatIsOwed) {
  h_.Create(anchor_);
  h_.EndPod(anchor_, 3, "cannot open\n");
  h_.Run();
  h_.StartReporter();
  h_.Run();
  const std::vector<Json> posted = Posted();
  ASSERT_THAT(posted, SizeIs(1));
  EXPECT_THAT(posted[0]["message"].get<std::string>(), HasSubstr("exited with code 3"));
}

TEST_F(ErrorLogTest, ATornOffAnchorIsToldAll) {
  h_.Create(anchor_);
  h_.Run(absl::Seconds(2));
  h_.kube.Remove(kube::Jobs("jobs"), JobName(0, 1));
  h_.Run();
  EXPECT_THAT(h_.publisher.Events("finished"), SizeIs(1));
  EXPECT_THAT(Posted(), SizeIs(1));
}

}  // namespace
}  // namespace jobexec::reporter
