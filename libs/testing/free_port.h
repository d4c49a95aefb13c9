// For tests: a port of the loopback device that nobody listens on now. Somebody else may take it before its user does.
#ifndef POLKU_LIBS_TESTING_FREE_PORT_H_
#define POLKU_LIBS_TESTING_FREE_PORT_H_

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "libs/base/status_macros.h"

namespace polku::testing {

inline sockaddr_in Loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<uint16_t>(port));
  return address;
}

inline int FreePort() {
  const int socket_of_port = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = Loopback(0);
  socklen_t size = sizeof(address);
  POLKU_CHECK(bind(socket_of_port, reinterpret_cast<sockaddr*>(&address), size) == 0);
  POLKU_CHECK(getsockname(socket_of_port, reinterpret_cast<sockaddr*>(&address), &size) == 0);
  close(socket_of_port);
  return ntohs(address.sin_port);
}

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_FREE_PORT_H_
