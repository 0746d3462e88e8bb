// The JSON side of event.h: the JSON event format and the document of JSONPath filters.
#include <array>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "common/base/status_details.h"
#include "common/base/status_macros.h"
#include "common/cloudevents/content_type.h"
#include "common/cloudevents/event.h"
#include "common/json/json.h"

namespace jobexec::cloudevents {
namespace {

using Json = nlohmann::json;
using Value = Event::CloudEventAttributeValue;

constexpr char kData[] = "data";
constexpr char kDataBase64[] = "data_base64";

// Attributes that are strings whatever else the JSON event format would allow.
constexpr std::array kTextAttributes = {
    "id", "source", "type", "specversion", "subject", "time", "datacontenttype", "dataschema"};

Json AttributesToJson(const Event& event) {
  Json object = Json::object();
  for (const char* name : {"id", "source", "type", "specversion"}) {
    if (std::string text = Attribute(event, name); !text.empty()) object[name] = std::move(text);
  }
  for (const auto& [name, value] : event.attributes()) {
    if (value.has_ce_boolean()) {
      object[name] = value.ce_boolean();
    } else if (value.has_ce_integer()) {
      object[name] = value.ce_integer();
    } else if (value.attr_case() != Value::ATTR_NOT_SET) {
      object[name] = Attribute(event, name);
    }
  }
  return object;
}

// Puts the data into `object`. On INVALID_ARGUMENT (the data claims to be JSON and is not) `object`
// is unchanged.
absl::Status AddData(const Event& event, Json& object) {
  if (!event.has_text_data() && !event.has_binary_data()) return absl::OkStatus();
  const std::string type = Attribute(event, "datacontenttype");
  // Some clients of the gRPC API carry JSON as bytes; bytes without a type are no JSON.
  const bool is_json = IsJsonType(type) || (type.empty() && event.has_text_data());
  if (is_json) {
    absl::StatusOr<Json> data =
        json::Parse(event.has_text_data() ? event.text_data() : event.binary_data());
    if (!data.ok()) return Annotate(absl::InvalidArgumentError(data.status().message()), "data");
    object[kData] = *std::move(data);
  } else if (event.has_text_data()) {
    object[kData] = event.text_data();
  } else {
    object[kDataBase64] = absl::Base64Escape(event.binary_data());
  }
  return absl::OkStatus();
}

absl::Status WrongMember(absl::string_view name, const Json& value, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("member \"", name, "\" is a JSON ", value.type_name(), ", expected ", expected));
}

// Base64 text becomes bytes.
absl::Status ReadDataBase64(const Json& value, Event& event) {
  if (!value.is_string()) return WrongMember(kDataBase64, value, "a string in Base64");
  if (!absl::Base64Unescape(value.get_ref<const std::string&>(), event.mutable_binary_data())) {
    return absl::InvalidArgumentError(
        "member \"data_base64\" is not Base64: expected A-Z, a-z, 0-9, + and /, padded with =");
  }
  return absl::OkStatus();
}

// `event` has its datacontenttype already.
void ReadData(const Json& value, Event& event) {
  const std::string type = Attribute(event, "datacontenttype");
  if (value.is_string() && !type.empty() && !IsJsonType(type)) {
    event.set_text_data(value.get_ref<const std::string&>());
  } else {
    event.set_text_data(json::Dump(value));
  }
}

bool IsInt32(const Json& value) {
  if (value.is_number_unsigned())
    return value.get<uint64_t>() <= std::numeric_limits<int32_t>::max();
  if (!value.is_number_integer()) return false;
  const auto number = value.get<int64_t>();
  return number >= std::numeric_limits<int32_t>::min() &&
         number <= std::numeric_limits<int32_t>::max();
}

// Numbers beyond the specification's 32 bits keep their text.
void ReadExtension(const std::string& name, const Json& value, Event& event) {
  if (value.is_string()) {
    SetAttribute(event, name, value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    (*event.mutable_attributes())[name].set_ce_boolean(value.get<bool>());
  } else if (IsInt32(value)) {
    (*event.mutable_attributes())[name].set_ce_integer(value.get<int32_t>());
  } else if (value.is_number()) {
    SetAttribute(event, name, json::Dump(value));
  }
}

absl::Status ReadAttributes(const Json& object, Event& event) {
  for (const auto& [name, value] : object.items()) {
    if (value.is_null() || !IsAttributeName(name)) continue;
    for (const absl::string_view text_only : kTextAttributes) {
      if (name == text_only && !value.is_string()) return WrongMember(name, value, "a string");
    }
    ReadExtension(name, value, event);
  }
  return absl::OkStatus();
}

// nullptr if absent or null.
const Json* FindValue(const Json& object, absl::string_view name) {
  const Json* value = json::Find(object, name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

}  // namespace

absl::StatusOr<Json> ToDocument(const Event& event) {
  Json document = AttributesToJson(event);
  for (const char* name : {"id", "shkeptncontext", "specversion", "gitcommitid"}) {
    document.emplace(name, "");
  }
  RETURN_IF_ERROR(AddData(event, document));
  return document;
}

std::string ToStructuredJson(const Event& event) {
  Json object = AttributesToJson(event);
  if (!AddData(event, object).ok()) {
    object[kDataBase64] =
        absl::Base64Escape(event.has_text_data() ? event.text_data() : event.binary_data());
  }
  return json::Dump(object);
}

absl::StatusOr<Event> EventFromJson(const Json& json_event) {
  if (!json_event.is_object()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the event is a JSON ", json_event.type_name(), ", expected an object"));
  }
  Event event;
  RETURN_IF_ERROR(ReadAttributes(json_event, event));
  const Json* data = FindValue(json_event, kData);
  const Json* data_base64 = FindValue(json_event, kDataBase64);
  if (data != nullptr && data_base64 != nullptr) {
    return absl::InvalidArgumentError("the event has both \"data\" and \"data_base64\": send one");
  }
  if (data != nullptr) ReadData(*data, event);
  if (data_base64 != nullptr) RETURN_IF_ERROR(ReadDataBase64(*data_base64, event));
  return event;
}

absl::StatusOr<Event> FromStructuredJson(absl::string_view text) {
  // The data may be as deep as if it came alone; one more level for the event around it.
  const absl::StatusOr<Json> object =
      json::Parse(text, {.max_depth = json::ParseLimits{}.max_depth + 1});
  if (!object.ok()) return Annotate(absl::InvalidArgumentError(object.status().message()), "body");
  return EventFromJson(*object);
}

}  // namespace jobexec::cloudevents
