#include "libs/base/sodium.h"

#include <sodium.h>

#include "libs/base/status_macros.h"

namespace polku {

void InitSodium() {
  static const bool started = [] {
    POLKU_CHECK(sodium_init() >= 0);
    return true;
  }();
  (void)started;
}

}  // namespace polku
