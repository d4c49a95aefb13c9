// What a process with access.mode=mtls shows and believes, looked at again while it runs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/time.h"
#include "libs/base/clock.h"
#include "libs/rpc/access.h"
#include "libs/rpc/certificates.h"
#include "libs/rpc/mutual_access.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/gauge.h"
#include "prometheus/registry.h"

namespace polku::host {

// When certificates expire that this process shows, by what they are for.
prometheus::Family<prometheus::Gauge>& CertificateExpiryFamily(prometheus::Registry& metrics);

struct CredentialFiles {
  rpc::TlsFiles tls;
  std::string organisations;
  std::string jwks;  // Empty: systems call, and nobody else.
  rpc::TokenRules token;
  absl::Duration reload_interval = absl::Seconds(10);
};

// Thread-compatible, but for access() and certificates(), which are for all threads.
class Credentials {
 public:
  // `clock` is not owned. Errors: naming the file that is missing or wrong.
  static absl::StatusOr<std::unique_ptr<Credentials>> Load(const CredentialFiles& files, const Clock* clock);
  ~Credentials() { Stop(); }
  Credentials(const Credentials&) = delete;
  Credentials& operator=(const Credentials&) = delete;

  rpc::Access access() const { return rpc::Access(mutual_); }
  // Valid as long as this object.
  rpc::Certificates* certificates() { return certificates_.get(); }

  // Registers the series and looks at the files every `reload_interval`, on a thread. `metrics` is not owned.
  void Start(prometheus::Registry& metrics);
  void Stop();

 private:
  // What is looked at, and what was wrong with it last time.
  struct Watched {
    std::string name;
    std::function<absl::Status()> reload;
    std::string fault;
    prometheus::Counter* failures = nullptr;
  };

  Credentials(const CredentialFiles& files, const Clock* clock);
  void Run();
  void Reload(Watched& watched);
  void ShowExpiry();

  const CredentialFiles files_;
  const Clock* const clock_;
  std::unique_ptr<rpc::Certificates> certificates_;
  std::shared_ptr<rpc::MutualAccess> mutual_;  // With whoever has an Access.
  prometheus::Gauge* expires_ = nullptr;
  std::vector<Watched> watched_;
  std::thread thread_;
  absl::Mutex mutex_;
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
};

}  // namespace polku::host
