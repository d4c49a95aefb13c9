#include "libs/base/crew.h"

#include <algorithm>

namespace polku {
namespace {

// Small enough that nobody waits long for the last one, large enough that taking one costs nothing.
constexpr size_t kPiecesEach = 8;
constexpr size_t kWorthWaking = 32;  // Rounds; fewer are done before anybody is awake.

}  // namespace

Crew::Crew(int threads) {
  for (int i = 1; i < threads; ++i) helpers_.emplace_back([this] { Help(); });
}

Crew::~Crew() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    closing_ = true;
  }
  begun_.notify_all();
  for (std::thread& helper : helpers_) helper.join();
}

void Crew::Begin(size_t count, Work work) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    work_ = std::move(work);
    count_ = count;
    next_ = 0;
    piece_ = std::max<size_t>(1, count / (kPiecesEach * (helpers_.size() + 1)));
  }
  if (count >= kWorthWaking) begun_.notify_all();
}

void Crew::Finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  TakePieces(lock);
  left_.wait(lock, [this] { return helping_ == 0; });
  work_ = nullptr;
}

void Crew::Drop() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    next_ = count_;
  }
  Finish();
}

void Crew::TakePieces(std::unique_lock<std::mutex>& lock) noexcept {
  while (next_ < count_) {
    const size_t begin = next_;
    next_ = std::min(count_, begin + piece_);
    const size_t end = next_;
    lock.unlock();
    work_(begin, end);
    lock.lock();
  }
}

void Crew::Help() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    begun_.wait(lock, [this] { return closing_ || next_ < count_; });
    if (closing_) return;
    ++helping_;
    TakePieces(lock);
    if (--helping_ == 0) left_.notify_one();
  }
}

}  // namespace polku
