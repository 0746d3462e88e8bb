#include "reporter/patches.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/unit/reporter/views.h"

namespace jobexec::reporter {
namespace {

using namespace testing;  // NOLINT: builders of this folder
using Json = nlohmann::json;

Json Parse(const char* text) { return Json::parse(text); }

TEST(Patches, Release) {
  EXPECT_EQ(ReleasePatch(Member(0, 2)), Parse(R"([
    {"op": "test", "path": "/metadata/uid", "value": "uid-0-2"},
    {"op": "test", "path": "/metadata/annotations/jobexec.dev~1phase", "value": "planned"},
    {"op": "replace", "path": "/metadata/annotations/jobexec.dev~1phase", "value": "released"},
    {"op": "replace", "path": "/spec/suspend", "value": false},
    {"op": "add", "path": "/metadata/finalizers", "value": ["jobexec.dev/answer"]}])"));
}

TEST(Patches, ReleaseKeepsForeignFinalizers) {
  JobView job = Member(0, 2);
  job.has_finalizers = true;
  EXPECT_EQ(
      ReleasePatch(job).back(),
      Parse(R"({"op": "add", "path": "/metadata/finalizers/-", "value": "jobexec.dev/answer"})"));
}

TEST(Patches, ReleaseHandsOverToAQueue) {
  JobView job = Member(0, 2);
  job.record.queue = "batch";
  EXPECT_EQ(ReleasePatch(job)[3],
            Parse(R"({"op": "add", "path": "/metadata/labels/kueue.x-k8s.io~1queue-name",
                      "value": "batch"})"));
}

TEST(Patches, LedgerWithLettingGo) {
  JobView anchor = WithLedger(Anchor({Entry(0, 1)}), "s:5");
  anchor.record.answer_finalizer_index = 2;
  Json patch = LedgerPatch(anchor, *runs::ParseLedger("f:9"));
  AddLetGo(anchor, 900, At(0), patch);
  EXPECT_EQ(patch, Parse(R"([
    {"op": "test", "path": "/metadata/uid", "value": "uid-0-1"},
    {"op": "test", "path": "/metadata/annotations/jobexec.dev~1ledger", "value": "s:5"},
    {"op": "replace", "path": "/metadata/annotations/jobexec.dev~1ledger", "value": "f:9"},
    {"op": "test", "path": "/metadata/finalizers/2", "value": "jobexec.dev/answer"},
    {"op": "remove", "path": "/metadata/finalizers/2"},
    {"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": 900}])"));
}

TEST(Patches, LettingGoWithoutFinalizer) {
  EXPECT_EQ(LetGoPatch(Member(0, 2), 60, At(0)), Parse(R"([
    {"op": "test", "path": "/metadata/uid", "value": "uid-0-2"},
    {"op": "add", "path": "/spec/ttlSecondsAfterFinished", "value": 60}])"));
}

}  // namespace
}  // namespace jobexec::reporter
