// Start of libsodium.
#pragma once

namespace polku {

// Must come before any other call of libsodium in the process. Any number of calls, from any
// thread; aborts if the machine has no source of randomness.
void InitSodium();

}  // namespace polku
