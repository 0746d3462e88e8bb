#include "common/kube/kubeconfig.h"

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "common/base/file.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"

namespace jobexec::kube {
namespace {

constexpr size_t kMaxFileBytes = 1024 * 1024;

struct UnsupportedField {
  const char* name;
  const char* advice;
};

constexpr char kOtherCredentials[] =
    "; use a token, a tokenFile or a client certificate instead (kubectl create token NAME makes a "
    "token of a service account)";

constexpr UnsupportedField kUnsupportedInUser[] = {
    {"exec", "credential plugins are not run by this program"},
    {"auth-provider", "authentication providers are not supported"},
    {"username", "passwords are not supported"},
    {"password", "passwords are not supported"},
    {"as", "impersonation is not supported"},
    {"as-uid", "impersonation is not supported"},
    {"as-groups", "impersonation is not supported"},
    {"as-user-extra", "impersonation is not supported"},
};

// A mapping of the file and the words by which errors call it.
struct Section {
  YAML::Node node;
  std::string name;  // "users[admin].user"
};

// Reads one file. Not all that is thrown is caught here: ReadKubeconfig does.
class Reader {
 public:
  explicit Reader(const std::string& path)
      : path_(path), folder_(std::filesystem::absolute(path).parent_path()) {}

  absl::StatusOr<ClusterConfig> Read(const std::string& text) {
    const YAML::Node root = YAML::Load(text);
    if (!root.IsMap()) return Bad("the file", "expected a mapping");
    const Section top{root, ""};
    ASSIGN_OR_RETURN(const std::string current, RequiredText(top, "current-context"));
    ASSIGN_OR_RETURN(const Section context, Named(root, "contexts", current, "context"));
    ASSIGN_OR_RETURN(const std::string cluster_name, RequiredText(context, "cluster"));
    ASSIGN_OR_RETURN(const std::string user_name, Text(context, "user"));
    ASSIGN_OR_RETURN(const std::string name_space, Text(context, "namespace"));

    ClusterConfig config;
    if (!name_space.empty()) config.name_space = name_space;
    ASSIGN_OR_RETURN(const Section cluster, Named(root, "clusters", cluster_name, "cluster"));
    RETURN_IF_ERROR(ReadCluster(cluster, config));
    if (user_name.empty()) return config;
    ASSIGN_OR_RETURN(const Section user, Named(root, "users", user_name, "user"));
    RETURN_IF_ERROR(ReadUser(user, config));
    return config;
  }

 private:
  absl::Status ReadCluster(const Section& cluster, ClusterConfig& config) const {
    for (const char* field : {"tls-server-name", "proxy-url"}) {
      if (cluster.node[field]) {
        return Bad(Field(cluster, field),
                   "is not supported; remove it (a proxy is taken from the "
                   "variable https_proxy)");
      }
    }
    ASSIGN_OR_RETURN(const std::string server, RequiredText(cluster, "server"));
    if (!absl::StartsWith(server, "https://") && !absl::StartsWith(server, "http://")) {
      return Bad(Field(cluster, "server"), "expected a URL that begins with https:// or http://");
    }
    config.server = std::string(absl::StripSuffix(server, "/"));
    ASSIGN_OR_RETURN(const bool insecure, Boolean(cluster, "insecure-skip-tls-verify"));
    config.tls.verify = !insecure;
    return DataOrFile(cluster, "certificate-authority", config.tls.ca_pem, config.tls.ca_file);
  }

  absl::Status ReadUser(const Section& user, ClusterConfig& config) const {
    for (const UnsupportedField& field : kUnsupportedInUser) {
      if (user.node[field.name]) {
        return Bad(Field(user, field.name), absl::StrCat(field.advice, kOtherCredentials));
      }
    }
    http::TlsOptions& tls = config.tls;
    RETURN_IF_ERROR(
        DataOrFile(user, "client-certificate", tls.certificate_pem, tls.certificate_file));
    RETURN_IF_ERROR(DataOrFile(user, "client-key", tls.key_pem, tls.key_file));
    const bool has_certificate = !tls.certificate_pem.empty() || !tls.certificate_file.empty();
    const bool has_key = !tls.key_pem.empty() || !tls.key_file.empty();
    if (has_certificate != has_key) {
      return Bad(user.name, "client-certificate and client-key must be given together");
    }
    ASSIGN_OR_RETURN(config.token, Text(user, "token"));
    ASSIGN_OR_RETURN(config.token_file, ExistingFile(user, "tokenFile"));
    return absl::OkStatus();
  }

  // "<field>-data" holds the content in base64, "<field>" the path of a file; the first one wins.
  absl::Status DataOrFile(const Section& section, const std::string& field, std::string& content,
                          std::string& file) const {
    const std::string data_field = field + "-data";
    ASSIGN_OR_RETURN(const std::string data, Text(section, data_field));
    if (data.empty()) {
      ASSIGN_OR_RETURN(file, ExistingFile(section, field));
      return absl::OkStatus();
    }
    if (!absl::Base64Unescape(data, &content)) {
      return Bad(Field(section, data_field), "expected base64");
    }
    return absl::OkStatus();
  }

  // The absolute path in `field`, or "". The file is looked at now so that a wrong path shows at
  // once.
  absl::StatusOr<std::string> ExistingFile(const Section& section, const std::string& field) const {
    ASSIGN_OR_RETURN(const std::string value, Text(section, field));
    if (value.empty()) return std::string();
    const std::string file = (folder_ / value).lexically_normal().string();
    const auto content = ReadFile(file, kMaxFileBytes);
    if (!content.ok()) {
      return Annotate(content.status(), absl::StrCat(path_, ": ", Field(section, field)));
    }
    return file;
  }

  // The mapping under `key` of the entry of the list `list` whose name is `name`.
  absl::StatusOr<Section> Named(const YAML::Node& root, const std::string& list,
                                const std::string& name, const std::string& key) const {
    const std::string place = absl::StrCat(list, "[", name, "]");
    const YAML::Node entries = root[list];
    if (entries && !entries.IsSequence()) return Bad(list, "expected a list");
    for (const YAML::Node& entry : entries) {
      if (!entry.IsMap() || !entry["name"] || !entry["name"].IsScalar()) {
        return Bad(list, "expected entries with a name");
      }
      if (entry["name"].Scalar() != name) continue;
      const YAML::Node section = entry[key];
      if (!section || !section.IsMap())
        return Bad(absl::StrCat(place, ".", key), "expected a mapping");
      return Section{section, absl::StrCat(place, ".", key)};
    }
    return Bad(place, "there is no such entry");
  }

  // "" if the field is absent or null.
  absl::StatusOr<std::string> Text(const Section& section, const std::string& field) const {
    const YAML::Node value = section.node[field];
    if (!value || value.IsNull()) return std::string();
    if (!value.IsScalar()) return Bad(Field(section, field), "expected a text");
    return value.Scalar();
  }

  absl::StatusOr<std::string> RequiredText(const Section& section, const std::string& field) const {
    ASSIGN_OR_RETURN(std::string value, Text(section, field));
    if (value.empty()) return Bad(Field(section, field), "is missing");
    return value;
  }

  absl::StatusOr<bool> Boolean(const Section& section, const std::string& field) const {
    ASSIGN_OR_RETURN(const std::string value, Text(section, field));
    if (value == "true") return true;
    if (value.empty() || value == "false") return false;
    return Bad(Field(section, field), "expected true or false");
  }

  static std::string Field(const Section& section, const std::string& field) {
    return section.name.empty() ? field : absl::StrCat(section.name, ".", field);
  }

  absl::Status Bad(absl::string_view place, absl::string_view what) const {
    return absl::InvalidArgumentError(absl::StrCat(path_, ": ", place, ": ", what));
  }

  const std::string path_;
  const std::filesystem::path folder_;
};

}  // namespace

absl::StatusOr<ClusterConfig> ReadKubeconfig(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string text, ReadFile(path, kMaxFileBytes));
  try {
    return Reader(path).Read(text);
  } catch (const YAML::Exception& error) {
    return absl::InvalidArgumentError(absl::StrCat(path, ": line ", error.mark.line + 1, " column ",
                                                   error.mark.column + 1,
                                                   ": not YAML: ", error.msg));
  } catch (const std::filesystem::filesystem_error&) {
    return absl::UnavailableError(absl::StrCat(path, ": the current folder cannot be found"));
  }
}

}  // namespace jobexec::kube
