#include "libs/rpc/certificates.h"

#include <grpc/grpc.h>
#include <grpc/grpc_security.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "libs/base/read_file.h"
#include "libs/base/status_macros.h"
#include "libs/rpc/openssl_free.h"

namespace polku::rpc {
namespace {

using Bio = OpensslPtr<BIO, BIO_free_all>;
using Certificate = OpensslPtr<X509, X509_free>;
using PrivateKey = OpensslPtr<EVP_PKEY, EVP_PKEY_free>;
using Names = OpensslPtr<GENERAL_NAMES, GENERAL_NAMES_free>;
using Number = OpensslPtr<BIGNUM, BN_free>;

absl::Status Bad(const std::string& file, absl::string_view what) {
  return absl::FailedPreconditionError(absl::StrCat(file, ": ", what));
}

Bio BioOf(absl::string_view text) { return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

// Those of a PEM file, in its order.
std::vector<Certificate> CertificatesOf(absl::string_view pem) {
  std::vector<Certificate> all;
  const Bio bio = BioOf(pem);
  while (X509* next = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) all.emplace_back(next);
  return all;
}

absl::Time TimeOf(const ASN1_TIME* time) {
  std::tm civil{};
  ASN1_TIME_to_tm(time, &civil);
  return absl::FromTM(civil, absl::UTCTimeZone());
}

absl::Status CheckOwn(const TlsFiles& files, const TlsTexts& texts, absl::Time now) {
  const std::vector<Certificate> chain = CertificatesOf(texts.certificate);
  if (chain.empty()) return Bad(files.certificate, "no certificate in PEM");
  const Bio key_text = BioOf(texts.key);
  // A key that needs a passphrase would ask for it at the terminal.
  const auto no_passphrase = [](char*, int, int, void*) { return 0; };
  const PrivateKey key(PEM_read_bio_PrivateKey(key_text.get(), nullptr, no_passphrase, nullptr));
  if (key == nullptr) return Bad(files.key, "no private key in PEM without a passphrase");
  if (X509_check_private_key(chain[0].get(), key.get()) != 1) {
    return Bad(files.key, absl::StrCat("is not the key of ", files.certificate));
  }
  if (TimeOf(X509_get0_notBefore(chain[0].get())) > now) return Bad(files.certificate, "not valid yet");
  if (TimeOf(X509_get0_notAfter(chain[0].get())) <= now) return Bad(files.certificate, "expired");
  if (X509_check_purpose(chain[0].get(), X509_PURPOSE_SSL_SERVER, 0) != 1) {
    return Bad(files.certificate, "is not for a server");
  }
  if (!files.peer_ca.empty() && X509_check_purpose(chain[0].get(), X509_PURPOSE_SSL_CLIENT, 0) != 1) {
    return Bad(files.certificate, "is not for a client, and peers are called with it");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const TlsTexts>> ReadTexts(const TlsFiles& files, absl::Time now) {
  auto texts = std::make_shared<TlsTexts>();
  ASSIGN_OR_RETURN(texts->certificate, ReadFile(files.certificate));
  ASSIGN_OR_RETURN(texts->key, ReadFile(files.key));
  ASSIGN_OR_RETURN(texts->client_ca, ReadFile(files.client_ca));
  if (CertificatesOf(texts->client_ca).empty()) return Bad(files.client_ca, "no certificate in PEM");
  if (!files.peer_ca.empty()) {
    ASSIGN_OR_RETURN(texts->peer_ca, ReadFile(files.peer_ca));
    if (CertificatesOf(texts->peer_ca).empty()) return Bad(files.peer_ca, "no certificate in PEM");
  }
  RETURN_IF_ERROR(CheckOwn(files, *texts, now));
  texts->expires = TimeOf(X509_get0_notAfter(CertificatesOf(texts->certificate)[0].get()));
  return texts;
}

bool SameTexts(const TlsTexts& a, const TlsTexts& b) {
  return a.certificate == b.certificate && a.key == b.key && a.client_ca == b.client_ca && a.peer_ca == b.peer_ca;
}

}  // namespace

absl::StatusOr<PeerCertificate> ReadPeerCertificate(absl::string_view pem) {
  const std::vector<Certificate> chain = CertificatesOf(pem);
  if (chain.empty()) return absl::InvalidArgumentError("not a certificate");
  PeerCertificate peer;
  peer.expires = TimeOf(X509_get0_notAfter(chain[0].get()));
  const Number number(ASN1_INTEGER_to_BN(X509_get0_serialNumber(chain[0].get()), nullptr));
  char* const digits = BN_bn2hex(number.get());
  peer.serial = SerialOf(digits).value_or("");
  OPENSSL_free(digits);
  const Names names(
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(chain[0].get(), NID_subject_alt_name, nullptr, nullptr)));
  for (int i = 0; i < sk_GENERAL_NAME_num(names.get()); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* uri = name->d.uniformResourceIdentifier;
    peer.uris.emplace_back(reinterpret_cast<const char*>(ASN1_STRING_get0_data(uri)),
                           static_cast<size_t>(ASN1_STRING_length(uri)));
  }
  return peer;
}

std::optional<std::string> SerialOf(absl::string_view text) {
  std::string digits = absl::AsciiStrToLower(absl::StrReplaceAll(text, {{":", ""}}));
  const bool hexadecimal = std::all_of(digits.begin(), digits.end(), absl::ascii_isxdigit);
  digits.erase(0, digits.find_first_not_of('0'));
  if (!hexadecimal || digits.empty()) return std::nullopt;
  return digits;
}

// What gRPC has been given for one server. Its calls come one at a time.
struct Certificates::Listener {
  Certificates* owner;
  std::shared_ptr<const TlsTexts> given;

  // gRPC asks at each handshake. It keeps what it has when it can make nothing of the new.
  static grpc_ssl_certificate_config_reload_status Fetch(void* user_data, grpc_ssl_server_certificate_config** config) {
    auto* const listener = static_cast<Listener*>(user_data);
    std::shared_ptr<const TlsTexts> now = listener->owner->texts();
    if (now == listener->given) return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_UNCHANGED;
    const grpc_ssl_pem_key_cert_pair pair = {now->key.c_str(), now->certificate.c_str()};
    *config = grpc_ssl_server_certificate_config_create(now->client_ca.c_str(), &pair, 1);
    listener->given = std::move(now);
    return GRPC_SSL_CERTIFICATE_CONFIG_RELOAD_NEW;
  }
};

// grpc++ has no credentials that ask for certificates again; libs/decisions tells why not its file watcher.
class Certificates::ServerCredentials final : public grpc::ServerCredentials {
 public:
  explicit ServerCredentials(Listener* listener)
      : credentials_(grpc_ssl_server_credentials_create_with_options(
            grpc_ssl_server_credentials_create_options_using_config_fetcher(
                GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY, Listener::Fetch, listener))) {}
  ~ServerCredentials() override { grpc_server_credentials_release(credentials_); }

  void SetAuthMetadataProcessor(const std::shared_ptr<grpc::AuthMetadataProcessor>&) override {}

 private:
  int AddPortToServer(const std::string& address, grpc_server* server) override {
    return grpc_server_add_http2_port(server, address.c_str(), credentials_);
  }

  grpc_server_credentials* const credentials_;
};

Certificates::Certificates(TlsFiles files) : files_(std::move(files)) {}
Certificates::~Certificates() = default;

absl::StatusOr<std::unique_ptr<Certificates>> Certificates::Load(TlsFiles files, absl::Time now) {
  std::unique_ptr<Certificates> made(new Certificates(std::move(files)));
  RETURN_IF_ERROR(made->Reload(now).status());
  return made;
}

absl::StatusOr<bool> Certificates::Reload(absl::Time now) {
  ASSIGN_OR_RETURN(std::shared_ptr<const TlsTexts> read, ReadTexts(files_, now));
  const std::lock_guard<std::mutex> lock(mutex_);
  if (texts_ != nullptr && SameTexts(*read, *texts_)) return false;
  texts_ = std::move(read);
  return true;
}

std::shared_ptr<const TlsTexts> Certificates::texts() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return texts_;
}

std::shared_ptr<grpc::ServerCredentials> Certificates::ForServer() {
  Listener* listener = nullptr;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    listeners_.push_back(std::make_unique<Listener>(Listener{this, nullptr}));
    listener = listeners_.back().get();
  }
  return std::make_shared<ServerCredentials>(listener);
}

std::shared_ptr<grpc::ChannelCredentials> Certificates::ForPeers() const {
  const std::shared_ptr<const TlsTexts> now = texts();
  return grpc::SslCredentials({now->peer_ca, now->key, now->certificate});
}

}  // namespace polku::rpc
