// Tells ThreadSanitizer of Debian's Abseil, which is not instrumented: a program that holds these functions uses them
// in place of the library's, as do the libraries that it loads, and each calls the library's own.
#include <dlfcn.h>
#include <sanitizer/tsan_interface.h>

#include <cstdlib>

#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"

extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
}

namespace {

constexpr unsigned kWrite = __tsan_mutex_not_static;
constexpr unsigned kRead = __tsan_mutex_not_static | __tsan_mutex_read_lock;

// The library's function of a mangled name. A member function is called like one whose first parameter is `this`.
template <class Function>
Function* Next(const char* name) {
  void* const found = dlsym(RTLD_NEXT, name);
  if (found == nullptr) std::abort();
  return reinterpret_cast<Function*>(found);
}

// While it lives, the mutex counts as released: the library gives it up and takes it again.
class Released {
 public:
  explicit Released(absl::Mutex* mutex) : mutex_(mutex) {
    __tsan_mutex_pre_unlock(mutex_, 0);
    __tsan_mutex_post_unlock(mutex_, 0);
  }
  ~Released() {
    __tsan_mutex_pre_lock(mutex_, kWrite);
    __tsan_mutex_post_lock(mutex_, kWrite, 1);
  }
  Released(const Released&) = delete;
  Released& operator=(const Released&) = delete;

 private:
  absl::Mutex* const mutex_;
};

}  // namespace

namespace absl {
ABSL_NAMESPACE_BEGIN

// Its place may be taken by another mutex.
Mutex::~Mutex() {
  static const auto next = Next<void(Mutex*)>("_ZN4absl7debian35MutexD1Ev");
  next(this);
  __tsan_mutex_destroy(this, 0);
}

void Mutex::Lock() {
  static const auto next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex4LockEv");
  __tsan_mutex_pre_lock(this, kWrite);
  next(this);
  __tsan_mutex_post_lock(this, kWrite, 1);
}

void Mutex::Unlock() {
  static const auto next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex6UnlockEv");
  __tsan_mutex_pre_unlock(this, 0);
  __tsan_mutex_post_unlock(this, 0);
  next(this);
}

bool Mutex::TryLock() {
  static const auto next = Next<bool(Mutex*)>("_ZN4absl7debian35Mutex7TryLockEv");
  __tsan_mutex_pre_lock(this, kWrite | __tsan_mutex_try_lock);
  const bool locked = next(this);
  __tsan_mutex_post_lock(this, kWrite | (locked ? __tsan_mutex_try_lock : __tsan_mutex_try_lock_failed), 1);
  return locked;
}

void Mutex::ReaderLock() {
  static const auto next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex10ReaderLockEv");
  __tsan_mutex_pre_lock(this, kRead);
  next(this);
  __tsan_mutex_post_lock(this, kRead, 1);
}

void Mutex::ReaderUnlock() {
  static const auto next = Next<void(Mutex*)>("_ZN4absl7debian35Mutex12ReaderUnlockEv");
  __tsan_mutex_pre_unlock(this, __tsan_mutex_read_lock);
  __tsan_mutex_post_unlock(this, __tsan_mutex_read_lock);
  next(this);
}

void Mutex::Await(const Condition& condition) {
  static const auto next = Next<void(Mutex*, const Condition&)>("_ZN4absl7debian35Mutex5AwaitERKNS0_9ConditionE");
  const Released released(this);
  next(this, condition);
}

// AwaitWithTimeout calls this one.
bool Mutex::AwaitWithDeadline(const Condition& condition, Time deadline) {
  static const auto next = Next<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex17AwaitWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  const Released released(this);
  return next(this, condition, deadline);
}

// LockWhenWithTimeout calls this one, and a Notification that.
bool Mutex::LockWhenWithDeadline(const Condition& condition, Time deadline) {
  static const auto next = Next<bool(Mutex*, const Condition&, Time)>(
      "_ZN4absl7debian35Mutex20LockWhenWithDeadlineERKNS0_9ConditionENS0_4TimeE");
  __tsan_mutex_pre_lock(this, kWrite);
  const bool met = next(this, condition, deadline);
  __tsan_mutex_post_lock(this, kWrite, 1);
  return met;
}

// Whoever unlocks looks at what others wait for while it still holds the mutex, but has told that it gave it up.
bool Condition::Eval() const {
  static const auto next = Next<bool(const Condition*)>("_ZNK4absl7debian39Condition4EvalEv");
  AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
  const bool result = next(this);
  AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  return result;
}

// gRPC waits with these.
void CondVar::Wait(Mutex* mutex) {
  static const auto next = Next<void(CondVar*, Mutex*)>("_ZN4absl7debian37CondVar4WaitEPNS0_5MutexE");
  const Released released(mutex);
  next(this, mutex);
}

bool CondVar::WaitWithDeadline(Mutex* mutex, Time deadline) {
  static const auto next =
      Next<bool(CondVar*, Mutex*, Time)>("_ZN4absl7debian37CondVar16WaitWithDeadlineEPNS0_5MutexENS0_4TimeE");
  const Released released(mutex);
  return next(this, mutex, deadline);
}

bool CondVar::WaitWithTimeout(Mutex* mutex, Duration timeout) {
  static const auto next =
      Next<bool(CondVar*, Mutex*, Duration)>("_ZN4absl7debian37CondVar15WaitWithTimeoutEPNS0_5MutexENS0_8DurationE");
  const Released released(mutex);
  return next(this, mutex, timeout);
}

ABSL_NAMESPACE_END
}  // namespace absl
