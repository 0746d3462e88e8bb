#include "scheduler/jobs/security_context.h"

#include <gtest/gtest.h>

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

const Json& Defaults() {
  static const auto* const kDefaults = new Json(Json::parse(R"({
    "capabilities": {"drop": ["ALL"]}, "privileged": false, "runAsUser": 1000,
    "seccompProfile": {"type": "Localhost", "localhostProfile": "p"},
    "seLinuxOptions": {"level": "s0"}})"));
  return *kDefaults;
}

TEST(MergeSecurityContext, AbsentFieldsKeepTheDefault) {
  EXPECT_EQ(MergeSecurityContext(Defaults(), {}), Defaults());
  EXPECT_EQ(MergeSecurityContext(Json::object(), {}), Json::object());
}

TEST(MergeSecurityContext, EveryFieldOfTheTaskReplaces) {
  const SecurityContext task{.capabilities = Capabilities{.add = {"NET_ADMIN"}, .drop = {"KILL"}},
                             .privileged = true,
                             .run_as_user = 0,
                             .run_as_group = 2,
                             .run_as_non_root = false,
                             .read_only_root_filesystem = true,
                             .allow_privilege_escalation = true,
                             .proc_mount = "Unmasked",
                             .seccomp_profile = SeccompProfile{.type = "Unconfined"}};

  EXPECT_EQ(MergeSecurityContext(Defaults(), task), Json::parse(R"({
    "capabilities": {"add": ["NET_ADMIN"], "drop": ["KILL"]}, "privileged": true, "runAsUser": 0,
    "runAsGroup": 2, "runAsNonRoot": false, "readOnlyRootFilesystem": true,
    "allowPrivilegeEscalation": true, "procMount": "Unmasked",
    "seccompProfile": {"type": "Unconfined"}, "seLinuxOptions": {"level": "s0"}})"));
}

TEST(MergeSecurityContext, CapabilitiesReplaceAsAWhole) {
  EXPECT_EQ(MergeSecurityContext(Defaults(), {.capabilities = Capabilities{.add = {"KILL"}}})
                .at("capabilities"),
            Json::parse(R"({"add": ["KILL"]})"));
  EXPECT_EQ(MergeSecurityContext(Defaults(), {.capabilities = Capabilities{}}).at("capabilities"),
            Json::object());
}

TEST(MergeSecurityContext, SeccompProfileKeepsItsOwnFile) {
  const SeccompProfile profile{.type = "Localhost", .localhost_profile = "own"};

  EXPECT_EQ(MergeSecurityContext(Defaults(), {.seccomp_profile = profile}).at("seccompProfile"),
            Json::parse(R"({"type": "Localhost", "localhostProfile": "own"})"));
}

TEST(IsPrivileged, Table) {
  EXPECT_TRUE(IsPrivileged({{"privileged", true}}));
  EXPECT_FALSE(IsPrivileged({{"privileged", false}}));
  EXPECT_FALSE(IsPrivileged({{"runAsUser", 0}}));
}

}  // namespace
}  // namespace jobexec::scheduler
