// polku-coordinator-network: this service by itself, on Kafka.
#include "libs/host/run.h"
#include "services/coordinator-network/part.h"

int main(int argc, char** argv) {
  polku::host::Parts parts;
  parts.push_back(polku::coordinator_network::MakePart());
  return polku::host::Run("polku-coordinator-network", std::move(parts), argc, argv);
}
