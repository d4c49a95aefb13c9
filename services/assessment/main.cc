// polku-assessment: this service by itself, on Kafka.
#include "libs/host/run.h"
#include "services/assessment/part.h"

int main(int argc, char** argv) {
  polku::host::Parts parts;
  parts.push_back(polku::assessment::MakePart());
  return polku::host::Run("polku-assessment", std::move(parts), argc, argv);
}
