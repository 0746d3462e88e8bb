#include "scheduler/config/context_shape.h"

#include <nlohmann/json.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "common/base/status_macros.h"

namespace jobexec::scheduler {
namespace {

using Json = nlohmann::json;

enum class Type { kBool, kInteger, kText, kIntegers, kTexts, kObject, kObjects };

struct FieldShape {
  const char* name;
  Type type;
  absl::Span<const FieldShape> members = {};  // of kObject and kObjects
};

constexpr FieldShape kCapabilities[] = {{"add", Type::kTexts}, {"drop", Type::kTexts}};
// Also that of AppArmor.
constexpr FieldShape kProfile[] = {{"type", Type::kText}, {"localhostProfile", Type::kText}};
constexpr FieldShape kSeLinux[] = {
    {"user", Type::kText}, {"role", Type::kText}, {"type", Type::kText}, {"level", Type::kText}};
constexpr FieldShape kWindows[] = {{"gmsaCredentialSpecName", Type::kText},
                                   {"gmsaCredentialSpec", Type::kText},
                                   {"runAsUserName", Type::kText},
                                   {"hostProcess", Type::kBool}};
constexpr FieldShape kSysctl[] = {{"name", Type::kText}, {"value", Type::kText}};

constexpr FieldShape kContainer[] = {
    {"capabilities", Type::kObject, kCapabilities},
    {"privileged", Type::kBool},
    {"seLinuxOptions", Type::kObject, kSeLinux},
    {"windowsOptions", Type::kObject, kWindows},
    {"runAsUser", Type::kInteger},
    {"runAsGroup", Type::kInteger},
    {"runAsNonRoot", Type::kBool},
    {"readOnlyRootFilesystem", Type::kBool},
    {"allowPrivilegeEscalation", Type::kBool},
    {"procMount", Type::kText},
    {"seccompProfile", Type::kObject, kProfile},
    {"appArmorProfile", Type::kObject, kProfile},
};
constexpr FieldShape kPod[] = {
    {"seLinuxOptions", Type::kObject, kSeLinux},
    {"windowsOptions", Type::kObject, kWindows},
    {"runAsUser", Type::kInteger},
    {"runAsGroup", Type::kInteger},
    {"runAsNonRoot", Type::kBool},
    {"supplementalGroups", Type::kIntegers},
    {"supplementalGroupsPolicy", Type::kText},
    {"fsGroup", Type::kInteger},
    {"sysctls", Type::kObjects, kSysctl},
    {"fsGroupChangePolicy", Type::kText},
    {"seccompProfile", Type::kObject, kProfile},
    {"appArmorProfile", Type::kObject, kProfile},
    {"seLinuxChangePolicy", Type::kText},
};

absl::StatusOr<Json> ReadObject(const Json& value, absl::Span<const FieldShape> members,
                                const std::string& path);

absl::Status WrongType(const std::string& path, absl::string_view expected) {
  return absl::InvalidArgumentError(absl::StrCat(path, " is not ", expected));
}

// A value that is no list and no object.
absl::StatusOr<Json> ReadScalar(const Json& value, Type type, const std::string& path) {
  if (type == Type::kBool && !value.is_boolean()) return WrongType(path, "true or false");
  if (type == Type::kInteger && !value.is_number_integer()) return WrongType(path, "an integer");
  if (type == Type::kText && !value.is_string()) return WrongType(path, "a text");
  return value;
}

absl::StatusOr<Json> ReadList(const Json& value, const FieldShape& shape, const std::string& path) {
  if (!value.is_array()) return WrongType(path, "a list");
  Json list = Json::array();
  for (const Json& item : value) {
    const std::string item_path = absl::StrCat(path, "[", list.size(), "]");
    absl::StatusOr<Json> read =
        shape.type == Type::kObjects ? ReadObject(item, shape.members, item_path)
        : shape.type == Type::kTexts ? ReadScalar(item, Type::kText, item_path)
                                     : ReadScalar(item, Type::kInteger, item_path);
    RETURN_IF_ERROR(read.status());
    list.push_back(*std::move(read));
  }
  return list;
}

absl::StatusOr<Json> ReadField(const Json& value, const FieldShape& shape,
                               const std::string& path) {
  switch (shape.type) {
    case Type::kObject:
      return ReadObject(value, shape.members, path);
    case Type::kObjects:
    case Type::kTexts:
    case Type::kIntegers:
      return ReadList(value, shape, path);
    default:
      return ReadScalar(value, shape.type, path);
  }
}

absl::StatusOr<Json> ReadObject(const Json& value, absl::Span<const FieldShape> members,
                                const std::string& path) {
  if (!value.is_object()) return WrongType(path, "an object");
  Json object = Json::object();
  for (const auto& [key, member] : value.items()) {
    for (const FieldShape& shape : members) {
      if (member.is_null() || !absl::EqualsIgnoreCase(key, shape.name)) continue;
      ASSIGN_OR_RETURN(object[shape.name],
                       ReadField(member, shape, absl::StrCat(path, ".", shape.name)));
    }
  }
  return object;
}

}  // namespace

absl::StatusOr<Json> ReadContainerContext(const Json& value) {
  return value.is_null() ? Json::object() : ReadObject(value, kContainer, "securityContext");
}

absl::StatusOr<Json> ReadPodContext(const Json& value) {
  return value.is_null() ? Json::object() : ReadObject(value, kPod, "securityContext");
}

}  // namespace jobexec::scheduler
