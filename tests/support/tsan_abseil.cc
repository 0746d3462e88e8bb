// Tells ThreadSanitizer about the locks of the distribution's Abseil, which is not built with it.
//
// Linked into test programs of the tsan preset only. The dynamic linker prefers a program's own
// symbols, so these stand in front of Abseil's for our code and for gRPC alike; each tells the
// sanitizer what the real function, found by dlsym, does. Between "pre" and "post" the sanitizer
// ignores what the thread does. Source: sanitizer/tsan_interface.h, "External mutex annotations".
#include <sanitizer/tsan_interface.h>

#include <cstdint>

#include "absl/base/config.h"
#include "absl/synchronization/mutex.h"
#include "tests/support/tsan_real.h"

// JOBEXEC_ABSEIL is the namespace as it is mangled, with its inline part: "4absl7debian3".
#define JOBEXEC_SYMBOL(rest) "_ZN" JOBEXEC_ABSEIL rest
#define JOBEXEC_CONST_SYMBOL(rest) "_ZNK" JOBEXEC_ABSEIL rest

// Of Abseil's releases from this one to the next the functions below are known.
#if ABSL_LTS_RELEASE_VERSION < 20220623 || ABSL_LTS_RELEASE_VERSION > 20240722
#error "tsan_abseil.cc does not know the locks of this Abseil: see which functions it has"
#endif

namespace {

using jobexec::testing::RealFunction;

// As absl::Duration and absl::Time travel in registers.
struct Span {
  int64_t high;
  uint32_t low;
};

}  // namespace

extern "C" {

void MutexLock(void* mutex) asm(JOBEXEC_SYMBOL("5Mutex4LockEv"));
void MutexUnlock(void* mutex) asm(JOBEXEC_SYMBOL("5Mutex6UnlockEv"));
bool MutexTryLock(void* mutex) asm(JOBEXEC_SYMBOL("5Mutex7TryLockEv"));
void MutexReaderLock(void* mutex) asm(JOBEXEC_SYMBOL("5Mutex10ReaderLockEv"));
void MutexReaderUnlock(void* mutex) asm(JOBEXEC_SYMBOL("5Mutex12ReaderUnlockEv"));
bool MutexAwait(void* mutex, const void* condition, uint64_t timeout) asm(JOBEXEC_SYMBOL(
    "5Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_internal13KernelTimeoutE"));
bool MutexLockWhenCommon(void* mutex, const void* condition, uint64_t timeout, bool write) asm(
    JOBEXEC_SYMBOL("5Mutex14LockWhenCommonERKNS0_9ConditionENS0_24synchronization_internal"
                   "13KernelTimeoutEb"));
void MutexLockWhen(void* mutex,
                   const void* condition) asm(JOBEXEC_SYMBOL("5Mutex8LockWhenERKNS0_9ConditionE"));
bool MutexLockWhenWithTimeout(void* mutex, const void* condition, Span duration) asm(
    JOBEXEC_SYMBOL("5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE"));
bool MutexLockWhenWithDeadline(void* mutex, const void* condition, Span time) asm(
    JOBEXEC_SYMBOL("5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
bool CounterDecrement(void* counter) asm(JOBEXEC_SYMBOL("15BlockingCounter14DecrementCountEv"));
void CounterWait(void* counter) asm(JOBEXEC_SYMBOL("15BlockingCounter4WaitEv"));
void NotificationNotify(void* notification) asm(JOBEXEC_SYMBOL("12Notification6NotifyEv"));
void NotificationWait(const void* notification) asm(
    JOBEXEC_CONST_SYMBOL("12Notification19WaitForNotificationEv"));
bool NotificationWaitWithTimeout(const void* notification, Span duration) asm(
    JOBEXEC_CONST_SYMBOL("12Notification30WaitForNotificationWithTimeoutENS0_8DurationE"));
bool CondVarWait(void* condition_variable, void* mutex, uint64_t timeout) asm(JOBEXEC_SYMBOL(
    "7CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal13KernelTimeoutE"));

void MutexLock(void* mutex) {
  static const auto real = RealFunction(&MutexLock, JOBEXEC_SYMBOL("5Mutex4LockEv"));
  __tsan_mutex_pre_lock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

void MutexUnlock(void* mutex) {
  static const auto real = RealFunction(&MutexUnlock, JOBEXEC_SYMBOL("5Mutex6UnlockEv"));
  __tsan_mutex_pre_unlock(mutex, 0);
  real(mutex);
  __tsan_mutex_post_unlock(mutex, 0);
}

bool MutexTryLock(void* mutex) {
  static const auto real = RealFunction(&MutexTryLock, JOBEXEC_SYMBOL("5Mutex7TryLockEv"));
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_try_lock);
  const bool locked = real(mutex);
  __tsan_mutex_post_lock(mutex, __tsan_mutex_try_lock | (locked ? 0 : __tsan_mutex_try_lock_failed),
                         0);
  return locked;
}

void MutexReaderLock(void* mutex) {
  static const auto real = RealFunction(&MutexReaderLock, JOBEXEC_SYMBOL("5Mutex10ReaderLockEv"));
  __tsan_mutex_pre_lock(mutex, __tsan_mutex_read_lock);
  real(mutex);
  __tsan_mutex_post_lock(mutex, __tsan_mutex_read_lock, 0);
}

void MutexReaderUnlock(void* mutex) {
  static const auto real =
      RealFunction(&MutexReaderUnlock, JOBEXEC_SYMBOL("5Mutex12ReaderUnlockEv"));
  __tsan_mutex_pre_unlock(mutex, __tsan_mutex_read_lock);
  real(mutex);
  __tsan_mutex_post_unlock(mutex, __tsan_mutex_read_lock);
}

void MutexLockWhen(void* mutex, const void* condition) {
  static const auto real =
      RealFunction(&MutexLockWhen, JOBEXEC_SYMBOL("5Mutex8LockWhenERKNS0_9ConditionE"));
  __tsan_mutex_pre_lock(mutex, 0);
  real(mutex, condition);
  __tsan_mutex_post_lock(mutex, 0, 0);
}

bool MutexLockWhenWithTimeout(void* mutex, const void* condition, Span duration) {
  static const auto real =
      RealFunction(&MutexLockWhenWithTimeout,
                   JOBEXEC_SYMBOL("5Mutex19LockWhenWithTimeoutERKNS0_9ConditionENS0_8DurationE"));
  __tsan_mutex_pre_lock(mutex, 0);
  const bool result = real(mutex, condition, duration);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return result;
}

bool MutexLockWhenWithDeadline(void* mutex, const void* condition, Span time) {
  static const auto real =
      RealFunction(&MutexLockWhenWithDeadline,
                   JOBEXEC_SYMBOL("5Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE"));
  __tsan_mutex_pre_lock(mutex, 0);
  const bool result = real(mutex, condition, time);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return result;
}

// What newer Abseils have in place of the three above.
bool MutexLockWhenCommon(void* mutex, const void* condition, uint64_t timeout, bool write) {
  static const auto real = RealFunction(
      &MutexLockWhenCommon,
      JOBEXEC_SYMBOL("5Mutex14LockWhenCommonERKNS0_9ConditionENS0_24synchronization_internal"
                     "13KernelTimeoutEb"));
  const unsigned flags = write ? 0 : __tsan_mutex_read_lock;
  __tsan_mutex_pre_lock(mutex, flags);
  const bool result = real(mutex, condition, timeout, write);
  __tsan_mutex_post_lock(mutex, flags, 0);
  return result;
}

// A wait gives the lock away and takes it back.
bool MutexAwait(void* mutex, const void* condition, uint64_t timeout) {
  static const auto real = RealFunction(
      &MutexAwait, JOBEXEC_SYMBOL("5Mutex11AwaitCommonERKNS0_9ConditionENS0_24synchronization_"
                                  "internal13KernelTimeoutE"));
  __tsan_mutex_pre_unlock(mutex, 0);
  __tsan_mutex_post_unlock(mutex, 0);
  __tsan_mutex_pre_lock(mutex, 0);
  const bool result = real(mutex, condition, timeout);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return result;
}

bool CondVarWait(void* condition_variable, void* mutex, uint64_t timeout) {
  static const auto real = RealFunction(
      &CondVarWait, JOBEXEC_SYMBOL("7CondVar10WaitCommonEPNS0_5MutexENS0_24synchronization_internal"
                                   "13KernelTimeoutE"));
  __tsan_mutex_pre_unlock(mutex, 0);
  __tsan_mutex_post_unlock(mutex, 0);
  __tsan_mutex_pre_lock(mutex, 0);
  const bool result = real(condition_variable, mutex, timeout);
  __tsan_mutex_post_lock(mutex, 0, 0);
  return result;
}

// A counter orders all of its decrements before the end of the wait.
bool CounterDecrement(void* counter) {
  static const auto real =
      RealFunction(&CounterDecrement, JOBEXEC_SYMBOL("15BlockingCounter14DecrementCountEv"));
  __tsan_release(counter);
  return real(counter);
}

void CounterWait(void* counter) {
  static const auto real = RealFunction(&CounterWait, JOBEXEC_SYMBOL("15BlockingCounter4WaitEv"));
  real(counter);
  __tsan_acquire(counter);
}

// A notification orders what came before it before the end of each wait, and before the inline
// HasBeenNotified(), which reads the flag behind the notification's mutex.
void NotificationNotify(void* notification) {
  static const auto real =
      RealFunction(&NotificationNotify, JOBEXEC_SYMBOL("12Notification6NotifyEv"));
  __tsan_release(notification);
  __tsan_release(static_cast<char*>(notification) + sizeof(absl::Mutex));
  real(notification);
}

void NotificationWait(const void* notification) {
  static const auto real = RealFunction(
      &NotificationWait, JOBEXEC_CONST_SYMBOL("12Notification19WaitForNotificationEv"));
  real(notification);
  __tsan_acquire(const_cast<void*>(notification));
}

bool NotificationWaitWithTimeout(const void* notification, Span duration) {
  static const auto real = RealFunction(
      &NotificationWaitWithTimeout,
      JOBEXEC_CONST_SYMBOL("12Notification30WaitForNotificationWithTimeoutENS0_8DurationE"));
  const bool notified = real(notification, duration);
  if (notified) __tsan_acquire(const_cast<void*>(notification));
  return notified;
}

}  // extern "C"
