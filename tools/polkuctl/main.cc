#include <iostream>
#include <string>
#include <vector>

#include "tools/polkuctl/session.h"

int main(int argc, char** argv) {
  return polku::polkuctl::Run(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
}
