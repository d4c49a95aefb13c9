#include "libs/host/credentials.h"

#include <utility>

#include "libs/base/log.h"
#include "libs/base/status_macros.h"

namespace polku::host {

prometheus::Family<prometheus::Gauge>& CertificateExpiryFamily(prometheus::Registry& metrics) {
  return prometheus::BuildGauge()
      .Name("polku_certificate_expiry_timestamp_seconds")
      .Help("When the certificate that is shown expires, in seconds since 1970.")
      .Register(metrics);
}

Credentials::Credentials(const CredentialFiles& files, const Clock* clock) : files_(files), clock_(clock) {
  watched_ = {{"certificates", [this] { return certificates_->Reload(clock_->Now()).status(); }},
              {"organisations", [this] { return mutual_->ReloadOrganisations(); }},
              {"jwks", [this] { return mutual_->ReloadTokenKeys(); }}};
}

absl::StatusOr<std::unique_ptr<Credentials>> Credentials::Load(const CredentialFiles& files, const Clock* clock) {
  std::unique_ptr<Credentials> made(new Credentials(files, clock));
  ASSIGN_OR_RETURN(made->certificates_, rpc::Certificates::Load(files.tls, clock->Now()));
  ASSIGN_OR_RETURN(made->mutual_, rpc::MutualAccess::Load({files.organisations, files.jwks, files.token, clock}));
  return made;
}

void Credentials::Start(prometheus::Registry& metrics) {
  expires_ = &CertificateExpiryFamily(metrics).Add({{"certificate", "grpc"}});
  auto& failures = prometheus::BuildCounter()
                       .Name("polku_credentials_reload_failures_total")
                       .Help("Looks at files that could not be used; what was read before stays in use.")
                       .Register(metrics);
  for (Watched& watched : watched_) watched.failures = &failures.Add({{"files", watched.name}});
  ShowExpiry();
  thread_ = std::thread([this] { Run(); });
}

void Credentials::Stop() {
  {
    absl::MutexLock lock(&mutex_);
    stopping_ = true;
  }
  if (thread_.joinable()) thread_.join();
}

void Credentials::Run() {
  while (true) {
    {
      absl::MutexLock lock(&mutex_);
      if (mutex_.AwaitWithTimeout(absl::Condition(&stopping_), files_.reload_interval)) return;
    }
    for (Watched& watched : watched_) Reload(watched);
    ShowExpiry();
  }
}

// A fault is counted at each look, so that it can be seen for as long as it stays, and logged once.
void Credentials::Reload(Watched& watched) {
  const absl::Status status = watched.reload();
  if (!status.ok()) watched.failures->Increment();
  std::string fault(status.message());
  if (fault == watched.fault) return;
  if (status.ok()) {
    LogEvent(LogLevel::kInfo, "credentials can be read again", {{"files", watched.name}});
  } else {
    LogEvent(LogLevel::kError, "credentials not reloaded; those from before stay in use",
             {{"files", watched.name}, {"status", status}});
  }
  watched.fault = std::move(fault);
}

void Credentials::ShowExpiry() {
  expires_->Set(static_cast<double>(absl::ToUnixSeconds(certificates_->texts()->expires)));
}

}  // namespace polku::host
