#include "common/base/worker_pool.h"

#include <utility>

namespace jobexec {

WorkerPool::WorkerPool(int threads, size_t queue_capacity) : queue_(queue_capacity) {
  threads_.reserve(threads);
  for (int i = 0; i < threads; ++i) threads_.emplace_back([this] { Run(); });
}

WorkerPool::~WorkerPool() {
  queue_.Close();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Run() {
  while (auto work = queue_.Pop()) std::move (*work)();
}

}  // namespace jobexec
