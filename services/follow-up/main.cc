// polku-follow-up: this service by itself, on Kafka.
#include "libs/host/run.h"
#include "services/follow-up/part.h"

int main(int argc, char** argv) {
  polku::host::Parts parts;
  parts.push_back(polku::follow_up::MakePart());
  return polku::host::Run("polku-follow-up", std::move(parts), argc, argv);
}
