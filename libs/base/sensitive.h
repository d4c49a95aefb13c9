// Values that must not reach a log, a metric label, an error message or an event.
#pragma once

#include <fmt/core.h>

#include <ostream>
#include <utility>

namespace polku {

// Holds a T that no stream, formatter, hash or conversion can read. The one way to the value
// is Reveal(), so a reviewer finds every use by that name. Not a defence against
// memory inspection: the value is stored and freed as any T.
template <class T>
class Sensitive {
 public:
  explicit Sensitive(T value) : value_(std::move(value)) {}

  const T& Reveal() const& { return value_; }
  // By value, so that `hetu.text().Reveal()` does not leave a dangling reference.
  T Reveal() && { return std::move(value_); }

  friend bool operator==(const Sensitive& a, const Sensitive& b) { return a.value_ == b.value_; }

  friend std::ostream& operator<<(std::ostream&, const Sensitive&) = delete;
  template <class H>
  friend H AbslHashValue(H, const Sensitive&) = delete;
  template <class Sink>
  friend void AbslStringify(Sink&, const Sensitive&) = delete;
  // GoogleTest would otherwise print the bytes of the object when an expectation fails.
  friend void PrintTo(const Sensitive&, std::ostream* out) { *out << "<sensitive>"; }

 private:
  T value_;
};

}  // namespace polku

template <class T, class Char>
struct fmt::formatter<polku::Sensitive<T>, Char> {
  formatter() = delete;
};
