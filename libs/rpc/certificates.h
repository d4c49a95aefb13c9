// The certificates that a process shows and trusts, read again while it runs.
#pragma once

#include <grpcpp/security/credentials.h>
#include <grpcpp/security/server_credentials.h>

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace polku::rpc {

// Of the other end of a connection, whose chain and purpose TLS has verified.
struct PeerCertificate {
  std::vector<std::string> uris;  // Of its subject alternative names.
  std::string serial;             // Hexadecimal digits in lower case without leading zeros.
  absl::Time expires;
};

// Errors: kInvalidArgument for what is not a certificate.
absl::StatusOr<PeerCertificate> ReadPeerCertificate(absl::string_view pem);
// "4F:0A", "4f0a" and "004F0A" as PeerCertificate has it; none for what is no number.
std::optional<std::string> SerialOf(absl::string_view text);

// PEM files.
struct TlsFiles {
  std::string certificate;  // Own, with the intermediate ones behind it.
  std::string key;
  std::string client_ca;  // Who may have signed the certificates of callers.
  std::string peer_ca;    // Who may have signed those of the servers that this process calls; empty: it calls none.
};

// What the files held when they fitted together.
struct TlsTexts {
  std::string certificate;
  std::string key;
  std::string client_ca;
  std::string peer_ca;
  absl::Time expires;  // Of the own certificate.
};

// Thread-safe. Outlives every server that uses it.
class Certificates {
 public:
  // Errors: kFailedPrecondition naming the file that is missing, is not what it should be, is not valid now, may not
  // be used by a server (or by a client, where there is a peer_ca), or does not fit the others.
  static absl::StatusOr<std::unique_ptr<Certificates>> Load(TlsFiles files, absl::Time now);
  ~Certificates();
  Certificates(const Certificates&) = delete;
  Certificates& operator=(const Certificates&) = delete;

  // Reads the files again. True when they hold something new, which each handshake from now on uses; connections that
  // are open stay. Errors: those of Load; what was read before then stays in use.
  absl::StatusOr<bool> Reload(absl::Time now);

  // Of now; another object after each Reload that found something new.
  std::shared_ptr<const TlsTexts> texts() const;

  // Wants a certificate of each client. TLS 1.2 or 1.3.
  std::shared_ptr<grpc::ServerCredentials> ForServer();
  // Of now, for calls to peers.
  std::shared_ptr<grpc::ChannelCredentials> ForPeers() const;

 private:
  class ServerCredentials;
  struct Listener;

  explicit Certificates(TlsFiles files);

  const TlsFiles files_;
  mutable std::mutex mutex_;
  std::shared_ptr<const TlsTexts> texts_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::unique_ptr<Listener>> listeners_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace polku::rpc
