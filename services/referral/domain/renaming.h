// Referrals that move from one client to another get names there; the old ones still lead to them.
#pragma once

#include <map>
#include <string>

#include "absl/strings/string_view.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::referral {

class Renaming {
 public:
  void Add(const std::string& from, const std::string& to) { names_[from] = to; }
  const std::map<std::string, std::string>& names() const { return names_; }

  // As the other client has it. `giver` is the client that had it until now: the journey of what was accepted stays
  // the giver's to the other services.
  v1::Referral Renamed(v1::Referral referral, const std::string& giver) const;
  v1::EntryWarning Renamed(v1::EntryWarning warning) const;

 private:
  std::string NameOf(const std::string& name) const;
  std::map<std::string, std::string> names_;
};

}  // namespace polku::referral
