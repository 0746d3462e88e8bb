// Tells ThreadSanitizer what the distribution's gRPC, which is not built with it, puts in order.
//
// Linked into test programs of the tsan preset only, and found by the dynamic linker before gRPC's
// own functions, as in tsan_abseil.cc. An edge is told where gRPC promises it and where the part of
// it that the sanitizer sees, in headers compiled with our code, is not enough.
#include <grpc/grpc.h>
#include <grpcpp/support/server_callback.h>
#include <sanitizer/tsan_interface.h>

#include <atomic>
#include <cstddef>

#include "tests/support/tsan_real.h"

#define JOBEXEC_CALLBACK_CALL(rest) "_ZN4grpc8internal18ServerCallbackCall" rest
#define JOBEXEC_SERVER(rest) "_ZN4grpc6Server" rest
#define JOBEXEC_END_OPERATION                                    \
  "_Z14grpc_cq_end_opP21grpc_completion_queuePvN" JOBEXEC_ABSEIL \
  "6StatusEPFvS1_P18grpc_cq_completionES1_S6_b"

using grpc::internal::ServerCallbackCall;
using grpc::internal::ServerReactor;
using jobexec::testing::RealFunction;

namespace {

// A call counts twice: what must be over before OnCancel, and before OnDone.
static_assert(sizeof(ServerCallbackCall) == sizeof(void*) + 2 * sizeof(std::atomic_int));
constexpr size_t kBeforeCancel = sizeof(void*);
constexpr size_t kBeforeDone = kBeforeCancel + sizeof(std::atomic_int);

char* CountOf(ServerCallbackCall* call, size_t offset) {
  return reinterpret_cast<char*>(call) + offset;
}

// Stands in for a reactor: the library counts the end of its OnCancel. Deletes itself.
class CancelRelay final : public ServerReactor {
 public:
  CancelRelay(ServerReactor* reactor, char* count) : reactor_(reactor), count_(count) {}

  void OnCancel() override {
    reactor_->OnCancel();
    __tsan_release(count_);
    delete this;
  }

  void OnDone() override {}

 private:
  ServerReactor* const reactor_;
  char* const count_;
};

}  // namespace

extern "C" {

void CallOnCancel(ServerCallbackCall* call, ServerReactor* reactor) asm(
    JOBEXEC_CALLBACK_CALL("12CallOnCancelEPNS0_13ServerReactorE"));
void ScheduleOnDone(ServerCallbackCall* call,
                    bool is_inline) asm(JOBEXEC_CALLBACK_CALL("14ScheduleOnDoneEb"));
void EndOperation(void* queue, void* tag, void* status, void* done, void* done_argument,
                  void* storage, bool internal) asm(JOBEXEC_END_OPERATION);
void UnrefWithPossibleNotify(void* server) asm(JOBEXEC_SERVER("23UnrefWithPossibleNotifyEv"));
void ShutdownInternal(void* server, gpr_timespec deadline) asm(
    JOBEXEC_SERVER("16ShutdownInternalE12gpr_timespec"));

// An operation's start, and what the library did for it, come before its end, which leaves the
// queue as the same tag.
grpc_call_error grpc_call_start_batch(grpc_call* call, const grpc_op* ops, size_t count, void* tag,
                                      void* reserved) {
  static const auto real = RealFunction(&grpc_call_start_batch, "grpc_call_start_batch");
  __tsan_release(tag);
  return real(call, ops, count, tag, reserved);
}

void EndOperation(void* queue, void* tag, void* status, void* done, void* done_argument,
                  void* storage, bool internal) {
  static const auto real = RealFunction(&EndOperation, JOBEXEC_END_OPERATION);
  __tsan_release(tag);
  real(queue, tag, status, done, done_argument, storage, internal);
}

grpc_event grpc_completion_queue_next(grpc_completion_queue* queue, gpr_timespec deadline,
                                      void* reserved) {
  static const auto real = RealFunction(&grpc_completion_queue_next, "grpc_completion_queue_next");
  const grpc_event event = real(queue, deadline, reserved);
  if (event.type == GRPC_OP_COMPLETE) __tsan_acquire(event.tag);
  return event;
}

// The handler that made the reactor comes before OnCancel, and that before OnDone.
void CallOnCancel(ServerCallbackCall* call, ServerReactor* reactor) {
  static const auto real =
      RealFunction(&CallOnCancel, JOBEXEC_CALLBACK_CALL("12CallOnCancelEPNS0_13ServerReactorE"));
  __tsan_acquire(CountOf(call, kBeforeCancel));
  real(call, new CancelRelay(reactor, CountOf(call, kBeforeDone)));
}

// The reactions of a call come before its OnDone.
void ScheduleOnDone(ServerCallbackCall* call, bool is_inline) {
  static const auto real =
      RealFunction(&ScheduleOnDone, JOBEXEC_CALLBACK_CALL("14ScheduleOnDoneEb"));
  __tsan_acquire(CountOf(call, kBeforeDone));
  real(call, is_inline);
}

// The calls of a server come before the end of its Shutdown.
void UnrefWithPossibleNotify(void* server) {
  static const auto real =
      RealFunction(&UnrefWithPossibleNotify, JOBEXEC_SERVER("23UnrefWithPossibleNotifyEv"));
  __tsan_release(server);
  real(server);
}

void ShutdownInternal(void* server, gpr_timespec deadline) {
  static const auto real =
      RealFunction(&ShutdownInternal, JOBEXEC_SERVER("16ShutdownInternalE12gpr_timespec"));
  real(server, deadline);
  __tsan_acquire(server);
}

}  // extern "C"
