// The C library's objects as the other files of this folder use them; nobody else includes this.
#pragma once

#include <nats/nats.h>

#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/nats/connection.h"

namespace jobexec::nats {

// Deleters of the library's C objects.
template <auto destroy>
struct Destroyer {
  template <typename T>
  void operator()(T* object) const {
    destroy(object);
  }
};
template <typename T, auto destroy>
using Owned = std::unique_ptr<T, Destroyer<destroy>>;

using OptionsPtr = Owned<natsOptions, natsOptions_Destroy>;
using InboxPtr = Owned<natsInbox, natsInbox_Destroy>;
using MessagePtr = Owned<natsMsg, natsMsg_Destroy>;
using AckPtr = Owned<jsPubAck, jsPubAck_Destroy>;
using StreamInfoPtr = Owned<jsStreamInfo, jsStreamInfo_Destroy>;
using ConsumerInfoPtr = Owned<jsConsumerInfo, jsConsumerInfo_Destroy>;
using MetaDataPtr = Owned<jsMsgMetaData, jsMsgMetaData_Destroy>;
using SubscriptionPtr = Owned<natsSubscription, natsSubscription_Destroy>;

// The same status with reason kNotSent.
absl::Status NotSent(absl::Status status);

// What a call of the library came to; the codes of connection.h. `what` was being done.
absl::Status ToStatus(natsStatus status, absl::string_view what);
// With the code that the JetStream API itself answered, if it did.
absl::Status ToStatus(natsStatus status, jsErrCode code, absl::string_view what);

// One connection, without the library's own reconnection. Whoever holds it last closes it.
struct Session {
  Session() = default;
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;
  ~Session();

  bool Connected() const;

  // Resets the connection: nothing that waits to be sent is sent any more, and calls on it fail.
  void Abort();

  natsConnection* connection = nullptr;
  jsCtx* stream = nullptr;
  int socket = -1;  // a duplicate of the connection's
};

using SessionPtr = std::shared_ptr<Session>;

// Blocks up to `connect_timeout` per server.
absl::StatusOr<SessionPtr> Connect(const std::string& urls, const std::string& name,
                                   absl::Duration connect_timeout, absl::Duration request_timeout);

// The JSON that the JetStream API answered.
absl::StatusOr<nlohmann::json> ParseReply(natsMsg* reply);

// The name of the stream that takes `subject`, which may hold wildcards.
absl::StatusOr<std::string> StreamOf(const Session& session, const std::string& subject,
                                     absl::Duration request_timeout);

// `time` for the library's options, in nanoseconds since 1970, up to 0.1 s earlier: it writes the
// fraction of a second without its leading zeros, so that 25.05 s would become 25.5 s.
int64_t ToStartTime(absl::Time time);

// The state of the stream of this name.
absl::StatusOr<StreamInfo> ReadStreamInfo(const Session& session, const std::string& name);

}  // namespace jobexec::nats
