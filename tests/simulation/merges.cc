#include "tests/simulation/merges.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "polku/follow_up/v1/state.pb.h"
#include "polku/referral/v1/state.pb.h"

namespace polku::simulation {
namespace {

namespace v1 = ::polku::referral::v1;

class Merges {
 public:
  explicit Merges(const Picture& picture) : picture_(picture) {
    for (const auto& [key, state] : picture_.services[kReferral].states) {
      if (const auto* client = dynamic_cast<const v1::Client*>(state.get())) clients_[key] = client;
    }
  }

  std::vector<std::string> Check() {
    for (const auto& [key, client] : clients_) {
      Forwards(key, *client);
      for (const v1::Referral& referral : client->referrals()) Count(key, referral);
    }
    NoteGone();
    Referrals();
    Journeys();
    return std::move(faults_);
  }

 private:
  template <class... Words>
  void Fault(const Words&... words) {
    faults_.push_back(absl::StrCat("I1: ", words...));
  }

  void Forwards(const std::string& key, const v1::Client& client) {
    if (!client.merging_into().empty()) Fault(key, " still waits to be merged into ", client.merging_into());
    for (const std::string& awaited : client.awaited()) Fault(key, " still waits for ", awaited);
    if (client.merged_into().empty()) return;
    if (client.referrals_size() > 0) Fault(key, " was merged, and has referrals");
    const auto into = clients_.find(client.merged_into());
    const bool known = into != clients_.end() &&
                       std::any_of(into->second->merged().begin(), into->second->merged().end(),
                                   [&key = key](const v1::MergedClient& each) { return each.client() == key; });
    // The other one may have become part of a third, and everything of it with it.
    const bool went_on = into != clients_.end() && !into->second->merged_into().empty();
    if (!known && !went_on) Fault(key, " was merged into ", client.merged_into(), ", which does not know it");
  }

  void Count(const std::string& key, const v1::Referral& referral) {
    std::set<std::string> names(referral.former_names().begin(), referral.former_names().end());
    names.insert(referral.name());
    for (const std::string& name : names) ++holders_[name];
    if (referral.state() != v1::REFERRAL_STATE_IN_SERVICE) return;
    in_service_.insert(referral.journey_client().empty() ? key : referral.journey_client());
  }

  // What was given to somebody who has been erased since. Its journey stays known under the name of the one that gave.
  void NoteGone() {
    const Picture::Service& service = picture_.services[kReferral];
    for (const store::JournalRow& row : service.journal) {
      v1::ReferralsGiven given;
      if (row.erased || row.type != given.GetTypeName() || !given.ParseFromString(row.payload)) continue;
      for (const v1::MovedReferral& moved : given.moved()) {
        if (!service.erased.contains(ClientOf(moved.to()).value_or(""))) continue;
        gone_.insert(moved.names().begin(), moved.names().end());
        for (const std::string& name : moved.names()) journeys_of_gone_.insert(ClientOf(name).value_or(""));
      }
    }
  }

  void Referrals() {
    for (const store::JournalRow& row : picture_.services[kReferral].journal) {
      v1::ReferralRecorded recorded;
      if (picture_.services[kReferral].erased.contains(row.key)) continue;
      if (row.type != recorded.GetTypeName() || !recorded.ParseFromString(row.payload)) continue;
      const std::string& name = recorded.referral().name();
      if (gone_.contains(name) && holders_[name] == 0) continue;
      if (holders_[name] != 1) Fault(name, " is had by ", holders_[name], " clients");
    }
  }

  // Followers are in service with the referral that they follow, so there may be more of them than journeys.
  void Journeys() {
    std::set<std::string> open;
    for (const auto& [key, state] : picture_.services[kFollowUp].states) {
      const auto* journey = dynamic_cast<const polku::follow_up::v1::JourneyRecord*>(state.get());
      if (journey != nullptr && journey->open()) open.insert(key);
    }
    for (const std::string& key : open) {
      if (!in_service_.contains(key) && !journeys_of_gone_.contains(key))
        Fault("no referral is in service for the journey of ", key);
    }
    for (const std::string& key : in_service_) {
      if (!open.contains(key)) Fault("a referral is in service, but the journey is closed: ", key);
    }
  }

  const Picture& picture_;
  std::map<std::string, const v1::Client*> clients_;
  std::map<std::string, int> holders_;  // Of a referral, by each of its names.
  std::set<std::string> gone_;          // Names of referrals.
  std::set<std::string> journeys_of_gone_;
  std::set<std::string> in_service_;  // Clients under whose name the journey goes.
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckMerges(const Picture& picture) { return Merges(picture).Check(); }

}  // namespace polku::simulation
