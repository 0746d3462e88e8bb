#include "common/cloudevents/event.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_macros.h"
#include "common/base/utf8.h"

namespace jobexec::cloudevents {
namespace {

using Value = Event::CloudEventAttributeValue;

// Bytes of a value that an error text repeats.
constexpr size_t kMaxShown = 64;

std::string FormatTimestamp(const google::protobuf::Timestamp& timestamp) {
  const absl::Time time =
      absl::FromUnixSeconds(timestamp.seconds()) + absl::Nanoseconds(timestamp.nanos());
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

std::string Text(const Value& value) {
  switch (value.attr_case()) {
    case Value::kCeBoolean:
      return value.ce_boolean() ? "true" : "false";
    case Value::kCeInteger:
      return absl::StrCat(value.ce_integer());
    case Value::kCeString:
      return value.ce_string();
    case Value::kCeBytes:
      return absl::Base64Escape(value.ce_bytes());
    case Value::kCeUri:
      return value.ce_uri();
    case Value::kCeUriRef:
      return value.ce_uri_ref();
    case Value::kCeTimestamp:
      return FormatTimestamp(value.ce_timestamp());
    case Value::ATTR_NOT_SET:
      return "";
  }
  return "";
}

bool IsRequiredName(absl::string_view name) {
  return name == "id" || name == "source" || name == "type" || name == "specversion";
}

// The field of one of the required four; nullptr for any other name.
std::string* RequiredField(Event& event, absl::string_view name) {
  if (name == "id") return event.mutable_id();
  if (name == "source") return event.mutable_source();
  if (name == "type") return event.mutable_type();
  if (name == "specversion") return event.mutable_spec_version();
  return nullptr;
}

std::optional<absl::Time> ParseRfc3339(const std::string& text) {
  absl::Time time;
  // The first character rules out "infinite-future" and blanks, which ParseTime would take.
  if (text.empty() || !absl::ascii_isdigit(static_cast<unsigned char>(text[0])) ||
      !absl::ParseTime(absl::RFC3339_full, text, &time, nullptr)) {
    return std::nullopt;
  }
  return time;
}

// A value for an error text: short and printable.
std::string Shown(absl::string_view value) {
  return absl::StrCat("\"", absl::CHexEscape(value.substr(0, kMaxShown)),
                      value.size() > kMaxShown ? "...\"" : "\"");
}

bool IsControl(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

absl::Status CheckText(absl::string_view name, absl::string_view value) {
  if (value.size() > kMaxAttributeBytes) {
    return absl::InvalidArgumentError(absl::StrCat("attribute ", name, " has ", value.size(),
                                                   " bytes, at most ", kMaxAttributeBytes,
                                                   " are allowed"));
  }
  for (size_t i = 0; i < value.size();) {
    const DecodedUtf8 next = DecodeUtf8(value, i);
    if (!next.valid || IsControl(next.code_point)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "attribute ", name, " is ", Shown(value), ", expected UTF-8 without control characters"));
    }
    i += next.bytes;
  }
  return absl::OkStatus();
}

absl::Status CheckRequired(absl::string_view name, absl::string_view value) {
  if (value.empty()) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute ", name, " is missing or empty; every event needs one"));
  }
  return CheckText(name, value);
}

absl::Status CheckAttributes(const Event& event) {
  if (event.attributes_size() > kMaxAttributes) {
    return absl::InvalidArgumentError(absl::StrCat("the event has ", event.attributes_size(),
                                                   " optional attributes, at most ", kMaxAttributes,
                                                   " are allowed"));
  }
  for (const auto& [name, value] : event.attributes()) {
    if (!IsAttributeName(name) || IsRequiredName(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute name ", Shown(name),
                       " is not allowed here: use 1 to 64 lower-case letters and digits, and no "
                       "name of the specification's own fields"));
    }
    RETURN_IF_ERROR(CheckText(name, Text(value)));
  }
  return absl::OkStatus();
}

absl::Status CheckTime(const Event& event) {
  const std::string text = Attribute(event, "time");
  if (event.attributes().count("time") == 0 || ParseRfc3339(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "attribute time is ", Shown(text), ", expected RFC 3339 such as 2024-03-01T10:00:00Z"));
}

}  // namespace

std::string Attribute(const Event& event, absl::string_view name) {
  if (name == "id") return event.id();
  if (name == "source") return event.source();
  if (name == "type") return event.type();
  if (name == "specversion") return event.spec_version();
  const auto found = event.attributes().find(std::string(name));
  return found == event.attributes().end() ? std::string() : Text(found->second);
}

void SetAttribute(Event& event, absl::string_view name, absl::string_view value) {
  std::string* field = RequiredField(event, name);
  if (field == nullptr) {
    field = (*event.mutable_attributes())[std::string(name)].mutable_ce_string();
  }
  *field = std::string(value);
}

std::optional<absl::Time> EventTime(const Event& event) {
  return ParseRfc3339(Attribute(event, "time"));
}

bool IsAttributeName(absl::string_view name) {
  if (name.empty() || name.size() > kMaxAttributeNameBytes || name == "data") return false;
  for (const char c : name) {
    if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) return false;
  }
  return true;
}

absl::Status Validate(const Event& event) {
  RETURN_IF_ERROR(CheckRequired("specversion", event.spec_version()));
  if (event.spec_version() != "1.0") {
    return absl::InvalidArgumentError(absl::StrCat(
        "attribute specversion is ", Shown(event.spec_version()), ", expected \"1.0\""));
  }
  RETURN_IF_ERROR(CheckRequired("id", event.id()));
  RETURN_IF_ERROR(CheckRequired("source", event.source()));
  RETURN_IF_ERROR(CheckRequired("type", event.type()));
  RETURN_IF_ERROR(CheckAttributes(event));
  RETURN_IF_ERROR(CheckTime(event));
  if (event.has_proto_data()) {
    return absl::InvalidArgumentError(
        "data is a protobuf message, which no filter can read: send JSON or another content type");
  }
  return absl::OkStatus();
}

}  // namespace jobexec::cloudevents
