#include "libs/bus/kafka/certificate_files.h"

#include <sys/stat.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace polku::bus::kafka {
namespace {

constexpr absl::Duration kLook = absl::Seconds(5);

}  // namespace

CertificateFiles::CertificateFiles(const std::map<std::string, std::string>& settings, const MonotonicClock* clock)
    : clock_(clock), look_at_(clock->Elapsed() + kLook) {
  for (const auto& [name, path] : settings) {
    if (absl::StartsWith(name, "ssl.") && absl::EndsWith(name, ".location")) paths_.push_back(path);
  }
  mark_ = Mark();
}

bool CertificateFiles::Changed() {
  if (paths_.empty() || clock_->Elapsed() < look_at_) return false;
  look_at_ = clock_->Elapsed() + kLook;
  return Mark() != mark_;
}

// Links are followed: that is how orchestrators put a new set in place.
std::string CertificateFiles::Mark() const {
  std::string mark;
  for (const std::string& path : paths_) {
    struct stat found = {};
    if (stat(path.c_str(), &found) != 0) found = {};
    absl::StrAppend(&mark, found.st_dev, " ", found.st_ino, " ", found.st_size, " ", found.st_mtim.tv_sec, " ",
                    found.st_mtim.tv_nsec, "\n");
  }
  return mark;
}

}  // namespace polku::bus::kafka
