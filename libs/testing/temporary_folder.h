// For tests: an empty folder that goes away with its object.
#ifndef POLKU_LIBS_TESTING_TEMPORARY_FOLDER_H_
#define POLKU_LIBS_TESTING_TEMPORARY_FOLDER_H_

#include <stdlib.h>

#include <filesystem>
#include <string>
#include <system_error>

#include "libs/base/status_macros.h"

namespace polku::testing {

class TemporaryFolder {
 public:
  TemporaryFolder() : path_((std::filesystem::temp_directory_path() / "polku-test-XXXXXX").string()) {
    POLKU_CHECK(mkdtemp(path_.data()) != nullptr);
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace polku::testing

#endif  // POLKU_LIBS_TESTING_TEMPORARY_FOLDER_H_
