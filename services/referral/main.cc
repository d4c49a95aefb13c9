// polku-referral: this service by itself, on Kafka.
#include "libs/host/run.h"
#include "services/referral/part.h"

int main(int argc, char** argv) {
  polku::host::Parts parts;
  parts.push_back(polku::referral::MakePart());
  return polku::host::Run("polku-referral", std::move(parts), argc, argv);
}
