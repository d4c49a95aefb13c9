// The raw part in a process of its own: what it needs of memory and processor is not counted as the product's.
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>

#include "tools/bench/measure.h"

namespace polku::bench {

// What puts the rows that the product has written into a copy of its database by hand.
class RawPart {
 public:
  virtual ~RawPart() = default;
  // Takes what is new and writes it in one transaction. Returns what the writing took.
  virtual Spent Follow() = 0;
  // Ends the program unless both hold the same rows.
  virtual void CheckSame() = 0;
};

// Thread-compatible.
class RawProcess {
 public:
  // `make` is called in the new process, and is done when this returns. Made before this process has other threads
  // that are at work.
  explicit RawProcess(const std::function<std::unique_ptr<RawPart>()>& make);
  ~RawProcess();
  RawProcess(const RawProcess&) = delete;
  RawProcess& operator=(const RawProcess&) = delete;

  // As of RawPart.
  Spent Follow() { return Ask('f'); }
  void CheckSame() { Ask('c'); }

 private:
  Spent Ask(char what);

  pid_t process_ = -1;
  int to_ = -1;
  int from_ = -1;
};

}  // namespace polku::bench
