#include "services/all-in-one/parts.h"

#include "services/assessment/part.h"
#include "services/coordinator-network/part.h"
#include "services/follow-up/part.h"
#include "services/referral/part.h"

namespace polku::all_in_one {

host::Parts AllParts() {
  host::Parts parts;
  parts.push_back(referral::MakePart());
  parts.push_back(assessment::MakePart());
  parts.push_back(coordinator_network::MakePart());
  parts.push_back(follow_up::MakePart());
  return parts;
}

}  // namespace polku::all_in_one
