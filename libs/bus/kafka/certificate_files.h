// The files that settings of TLS name. librdkafka reads them when a client is made and never again.
#ifndef POLKU_LIBS_BUS_KAFKA_CERTIFICATE_FILES_H_
#define POLKU_LIBS_BUS_KAFKA_CERTIFICATE_FILES_H_

#include <map>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "libs/base/clock.h"

namespace polku::bus::kafka {

// Thread-compatible. One for each client, made before it reads them.
class CertificateFiles {
 public:
  // `clock` outlives the object.
  CertificateFiles(const std::map<std::string, std::string>& settings, const MonotonicClock* clock);

  // Whether one of them has been written, replaced or removed since this object was made. Looks every few seconds.
  bool Changed();

 private:
  // What the file system says of each.
  std::string Mark() const;

  const MonotonicClock* clock_;
  std::vector<std::string> paths_;
  std::string mark_;
  absl::Duration look_at_;
};

}  // namespace polku::bus::kafka

#endif  // POLKU_LIBS_BUS_KAFKA_CERTIFICATE_FILES_H_
