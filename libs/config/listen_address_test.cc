#include "libs/config/listen_address.h"

#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"

namespace polku::config {
namespace {

TEST(ListenAddress, TakesNamesAndAddressesOfBothFamilies) {
  EXPECT_THAT(ParseListenAddress("127.0.0.1:0"), IsOkAndHolds(ListenAddress{"127.0.0.1", 0}));
  EXPECT_THAT(ParseListenAddress("[::1]:65535"), IsOkAndHolds(ListenAddress{"::1", 65535}));
  EXPECT_THAT(ParseListenAddress("localhost:80"), IsOkAndHolds(ListenAddress{"localhost", 80}));
}

TEST(ListenAddress, RefusesWhatIsNoHostAndPort) {
  for (const char* text : {"", "127.0.0.1", ":80", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:+1",
                           "::1:80", "[127.0.0.1]:80", "a b:80", "unix:/tmp/x", "host:80 "}) {
    EXPECT_THAT(ParseListenAddress(text), StatusIs(absl::StatusCode::kInvalidArgument)) << text;
  }
}

TEST(ListenAddress, KnowsWhatOnlyThisMachineReaches) {
  for (const char* host : {"127.0.0.1", "127.9.9.9", "::1", "localhost", "LOCALHOST"}) {
    EXPECT_TRUE((ListenAddress{host, 1}).IsLoopback()) << host;
  }
  for (const char* host :
       {"0.0.0.0", "::", "10.0.0.1", "128.0.0.1", "localhost.example.org", "127.0.0.1.example.org"}) {
    EXPECT_FALSE((ListenAddress{host, 1}).IsLoopback()) << host;
  }
}

TEST(ListenAddress, WritesWhatItReads) {
  for (const char* text : {"127.0.0.1:8080", "[::1]:8080", "localhost:0"}) {
    EXPECT_EQ(ParseListenAddress(text)->ToString(), text);
  }
}

}  // namespace
}  // namespace polku::config
