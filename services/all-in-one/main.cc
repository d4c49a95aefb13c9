// polku-all-in-one: the four services in one process, on a folder of this machine.
#include "libs/host/run.h"
#include "services/all-in-one/parts.h"

int main(int argc, char** argv) {
  return polku::host::Run("polku-all-in-one", polku::all_in_one::AllParts(), argc, argv);
}
