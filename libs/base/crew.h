// Threads that share out a loop whose rounds do not depend on each other.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace polku {

class Crew {
 public:
  // So many threads work, the caller's among them; 1 = it alone.
  explicit Crew(int threads);
  // A loop that was begun has been finished.
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  // Called for ranges that together are [0, count), for each number once, by several threads at a time. Must not throw.
  using Work = std::function<void(size_t begin, size_t end)>;
  // A loop that the other threads begin while the caller does something else; without others, and when it is too short
  // to wake them, it waits for Finish. One loop at a time, all calls from one thread.
  void Begin(size_t count, Work work);
  // Takes part in what is left of it and returns after its last round. Nothing to do when none was begun.
  void Finish();
  // Returns once nobody works any more; what has not been begun is left.
  void Drop();
  void Share(size_t count, Work work) {
    Begin(count, std::move(work));
    Finish();
  }

 private:
  void Help();
  // Works until nothing is left to begin. Called and left with `lock`, and without it while it works.
  void TakePieces(std::unique_lock<std::mutex>& lock) noexcept;

  std::mutex mutex_;
  std::condition_variable begun_;
  std::condition_variable left_;
  Work work_;
  size_t count_ = 0;
  size_t next_ = 0;
  size_t piece_ = 1;
  int helping_ = 0;
  bool closing_ = false;
  std::vector<std::thread> helpers_;
};

}  // namespace polku
