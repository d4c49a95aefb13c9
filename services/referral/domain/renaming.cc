#include "services/referral/domain/renaming.h"

#include <algorithm>

#include "libs/base/resource_name.h"

namespace polku::referral {

std::string Renaming::NameOf(const std::string& name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? name : found->second;
}

v1::Referral Renaming::Renamed(v1::Referral referral, const std::string& giver) const {
  const std::string before = referral.name();
  referral.set_name(NameOf(before));
  auto& former = *referral.mutable_former_names();
  former.erase(std::remove(former.begin(), former.end(), referral.name()), former.end());
  *former.Add() = before;
  referral.set_linked_referral(NameOf(referral.linked_referral()));
  const bool accepted = referral.state() == v1::REFERRAL_STATE_ACCEPTED ||
                        referral.state() == v1::REFERRAL_STATE_IN_SERVICE ||
                        referral.state() == v1::REFERRAL_STATE_CLOSED;
  if (accepted && referral.journey_client().empty()) referral.set_journey_client(giver);
  // Back with the client whose journey it is.
  if (ClientOf(referral.name()) == referral.journey_client()) referral.clear_journey_client();
  return referral;
}

v1::EntryWarning Renaming::Renamed(v1::EntryWarning warning) const {
  warning.set_referral(NameOf(warning.referral()));
  for (v1::PossibleDuplicate& duplicate : *warning.mutable_possible_duplicates()) {
    duplicate.set_referral(NameOf(duplicate.referral()));
  }
  return warning;
}

}  // namespace polku::referral
