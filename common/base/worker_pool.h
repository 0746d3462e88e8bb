// A fixed number of threads that run queued functions: the straight-line middle of a service.
#pragma once

#include <thread>
#include <vector>

#include "absl/functional/any_invocable.h"
#include "common/base/bounded_queue.h"

namespace jobexec {

// Thread-safe.
class WorkerPool {
 public:
  using Work = absl::AnyInvocable<void() &&>;

  // Starts `threads` threads; at most `queue_capacity` functions wait for one.
  WorkerPool(int threads, size_t queue_capacity);

  // Runs what is queued to its end, then joins the threads.
  ~WorkerPool();

  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // Queues `work`. False if the queue is full or the pool is stopping; `work` is then untouched.
  bool TrySubmit(Work&& work) { return queue_.TryPush(std::move(work)); }

  // Functions that wait for a thread.
  size_t Queued() const { return queue_.Size(); }

 private:
  void Run();

  BoundedQueue<Work> queue_;
  std::vector<std::thread> threads_;
};

}  // namespace jobexec
