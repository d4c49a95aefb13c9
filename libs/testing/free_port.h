// For tests: a port of the loopback device that nobody listens on now. Somebody else may take it before its user does.
#ifndef POLKU_LIBS_TESTING_FREE_PORT_H_
#define POLKU_LIBS_TESTING_FREE_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <mutex>
#include <random>
#include <set>

namespace polku::testing {

inline sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

// Below those that the kernel gives to whoever connects: a program that is away for a moment finds its port free again.
// No process gets one twice: nobody listens yet on those that it was given a moment ago.
inline int FreePort() {
  constexpr int kFirst = 10000;
  constexpr int kCount = 22000;
  static std::mutex mutex;
  static std::set<int> given;
  const std::lock_guard<std::mutex> lock(mutex);
  std::random_device random;
  while (true) {
    const int port = kFirst + static_cast<int>(random() % kCount);
    if (!given.insert(port).second) continue;
    const int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const sockaddr_in address = Loopback(port);
    const bool bound = bind(door, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
    close(door);
    if (bound) return port;
  }
}

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_FREE_PORT_H_
