// Messages of a subject, one batch after the other: from a JetStream stream, where each is kept
// until it is acknowledged, or without JetStream, where nobody keeps it.
//
// Source: https://docs.nats.io/nats-concepts/jetstream/consumers (pull consumers), ADR-13 (pull
// subscribe).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "common/base/clock.h"

namespace jobexec::nats {

struct Message {
  std::string subject;
  std::string payload;
  uint64_t sequence = 0;    // in the stream; 0 without JetStream
  uint64_t deliveries = 1;  // how often it was handed out, to anybody, this time included
  absl::Time time = absl::InfinitePast();  // when the stream took it, by the server's clock
  std::string handle;                      // by which the consumer knows it
};

// What waits at the server.
struct Backlog {
  uint64_t undelivered = 0;     // messages that were not handed out to anybody yet
  uint64_t unacknowledged = 0;  // handed out, to anybody, and not acknowledged
};

// For one thread at a time. Calls block up to a few times `request_timeout`, Fetch for its wait
// besides. A broken connection is closed, and the next call opens a new one.
//
// Errors of all calls: UNAVAILABLE not connected and cannot connect, the connection broke, or the
// server cannot do it at present; DEADLINE_EXCEEDED no reply in time; PERMISSION_DENIED the
// credentials are refused; INVALID_ARGUMENT the server refuses the subject or the name.
class Consumer {
 public:
  struct Options {
    std::string urls;     // as in Connection::Options
    std::string name;     // of the connection, shown by the server
    std::string subject;  // what is taken; may hold '*' and '>'
    // Name of the durable consumer, or of the queue group: of all that share it each message goes
    // to one.
    std::string group;
    // Handed out again after this long without a word (durable only).
    absl::Duration ack_wait = absl::Seconds(30);
    // Handed out and not acknowledged at a time, by all that share the group (durable only).
    int64_t max_unacknowledged = 10'000;
    absl::Duration connect_timeout = absl::Seconds(3);
    absl::Duration request_timeout = absl::Seconds(5);
  };

  // A durable pull consumer on the stream that takes `subject`: at least once, whatever crashes.
  // The first one of a group begins with what comes after it was made. It is made if it does not
  // exist, and made anew if it was deleted or the stream was: then it goes on where this process
  // knows that all was settled, so that some messages may be handed out again with deliveries = 1.
  // An existing one with other limits or another subject is changed to these.
  //
  // Fetch also fails with FAILED_PRECONDITION while there is no JetStream, or no stream that takes
  // the subject, and this process has never had any; with ALREADY_EXISTS if there is a consumer of
  // this name that pushes, or whose messages need no acknowledgement: it is somebody else's.
  // `clock` must outlive the consumer.
  static std::unique_ptr<Consumer> CreateDurable(Options options, Clock& clock);

  virtual ~Consumer() = default;

  // Waits up to `wait` until there is a message, then returns it with all that are there already,
  // `most` (> 0) in all. Never asks the server for more than that. Empty: there was none.
  virtual absl::StatusOr<std::vector<Message>> Fetch(int most, absl::Duration wait) = 0;

  // What becomes of a fetched message; only its handle and sequence are looked at. All three hand
  // the word to the connection and do not wait; they are idempotent, and count also after a
  // reconnection. On an error nothing was said: repeat it.
  //
  // Ack: it is done, nobody gets it again.
  virtual absl::Status Ack(const Message& message) = 0;
  // Nak: hand it out again, to anybody, after `delay`.
  virtual absl::Status Nak(const Message& message, absl::Duration delay) = 0;
  // InProgress: it is being worked on, the time until it is handed out again begins anew.
  virtual absl::Status InProgress(const Message& message) = 0;

  // Waits until the server has read every word said so far. On an error some may be lost: they may
  // all be repeated.
  virtual absl::Status Flush() = 0;

  // As last learnt, at most some seconds old while Fetch is called. Without JetStream: what this
  // process holds.
  virtual Backlog backlog() const = 0;
};

// A subscription in a queue group, without JetStream: at most once. What is published while nobody
// of the group is connected, or what this process holds when it dies, is lost. Within the process
// the rest works alike: what is refused comes again.
class CoreConsumer : public Consumer {
 public:
  // `clock` must outlive the consumer.
  static std::unique_ptr<CoreConsumer> Create(Options options, Clock& clock);

  // Takes nothing new any more and closes the connection; what was refused still comes again.
  virtual void Leave() = 0;
};

// `text` as the name of a durable consumer: what is not allowed in one (blanks, '.', '*', '>' and
// path separators) becomes '_', and a hash keeps two different texts apart then.
std::string DurableName(absl::string_view text);

}  // namespace jobexec::nats
