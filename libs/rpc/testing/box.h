// Hands values from one thread of a test to another.
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <utility>

namespace polku::rpc {

// A box that one thread fills and another waits for.
template <class T>
class Box {
 public:
  void Put(T value) {
    const std::lock_guard<std::mutex> lock(mutex_);
    values_.push_back(std::move(value));
    filled_.notify_all();
  }
  T Take() {
    std::unique_lock<std::mutex> lock(mutex_);
    filled_.wait(lock, [this] { return !values_.empty(); });
    T value = std::move(values_.front());
    values_.pop_front();
    return value;
  }
  size_t size() {
    const std::lock_guard<std::mutex> lock(mutex_);
    return values_.size();
  }

 private:
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<T> values_;
};

}  // namespace polku::rpc
