#include "tests/simulation/assignments.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/state.pb.h"

namespace polku::simulation {
namespace {

using pipeline::FromProto;
namespace v1 = ::polku::coordinator_network::v1;

template <class Event>
bool Read(const store::JournalRow& row, Event& event) {
  return row.type == Event::descriptor()->full_name() && event.ParseFromString(row.payload);
}

// The network's journal once through, with every coordinator as they were at that time.
class Network {
 public:
  explicit Network(const Picture::Service& network) : network_(network) {}

  std::vector<std::string> Check() {
    for (const store::JournalRow& row : network_.journal) {
      if (row.erased) continue;
      TakeCoordinator(row);
      TakeClient(row);
    }
    for (const auto& [key, state] : network_.states) {
      if (const auto* client = dynamic_cast<const v1::ClientSupport*>(state.get())) CheckClient(*client);
      if (const auto* coordinator = dynamic_cast<const v1::CoordinatorRecord*>(state.get())) {
        CheckPlaces(key, *coordinator);
      }
    }
    return std::move(faults_);
  }

 private:
  struct Coordinator {
    v1::Coordinator profile;
    absl::Time changed;
    std::set<std::string> taken;
  };

  template <class... Words>
  void Fault(const Words&... words) {
    faults_.push_back(absl::StrCat("I6: ", words...));
  }

  void TakeCoordinator(const store::JournalRow& row) {
    v1::CoordinatorRegistered registered;
    v1::CoordinatorUpdated updated;
    v1::PlaceReserved reserved;
    v1::PlaceReleased released;
    if (Read(row, registered) || Read(row, updated)) {
      Coordinator& known = coordinators_[row.key];
      known.profile = registered.has_coordinator() ? registered.coordinator() : updated.coordinator();
      known.changed = row.time;
    } else if (Read(row, reserved)) {
      Coordinator& known = coordinators_[row.key];
      known.taken.insert(reserved.client());
      if (static_cast<int>(known.taken.size()) > known.profile.capacity()) {
        Fault(row.key, " takes ", reserved.client(), " beyond ", known.profile.capacity(), " places");
      }
    } else if (Read(row, released)) {
      coordinators_[row.key].taken.erase(released.client());
    }
  }

  void TakeClient(const store::JournalRow& row) {
    v1::SupportOpened opened;
    v1::CoordinatorAssigned assigned;
    if (Read(row, opened)) {
      clients_[row.key] = opened;
    } else if (Read(row, assigned) && !assigned.chosen_by_person()) {
      const auto known = coordinators_.find(assigned.coordinator());
      // The lists that a proposal is made from may be a batch behind.
      if (known != coordinators_.end() && known->second.changed == row.time) return;
      if (known == coordinators_.end() || !Fits(known->second.profile, clients_[row.key], LocalDay(row.time))) {
        Fault(assigned.coordinator(), " was proposed to ", row.key, " and cannot take them");
      }
    }
  }

  static bool Fits(const v1::Coordinator& profile, const v1::SupportOpened& client, absl::CivilDay day) {
    const auto& municipalities = profile.municipalities();
    const auto& segments = profile.segments();
    if (!client.municipality().empty() &&
        std::find(municipalities.begin(), municipalities.end(), client.municipality()) == municipalities.end()) {
      return false;
    }
    if (std::find(segments.begin(), segments.end(), client.segment()) == segments.end()) return false;
    if (profile.has_leave_date() && absl::CivilDay(FromProto(profile.leave_date())) <= day) return false;
    return std::none_of(profile.absences().begin(), profile.absences().end(), [&](const v1::Absence& absence) {
      return absl::CivilDay(FromProto(absence.start_date())) <= day &&
             day <= absl::CivilDay(FromProto(absence.end_date()));
    });
  }

  void CheckClient(const v1::ClientSupport& client) {
    const v1::Assignment& assignment = client.assignment();
    if (assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED && client.open()) {
      held_.insert({assignment.coordinator(), client.name()});
      if (!coordinators_[assignment.coordinator()].taken.contains(client.name())) {
        Fault(client.name(), " is with ", assignment.coordinator(), ", who has no place for them");
      }
    }
    if (!client.open() || assignment.state() == v1::ASSIGNMENT_STATE_ACCEPTED) return;
    const bool asked = std::any_of(client.tasks().begin(), client.tasks().end(), [](const v1::Task& task) {
      return task.kind() == v1::TASK_KIND_TAKE_CLIENT || task.kind() == v1::TASK_KIND_FIND_COORDINATOR;
    });
    if (!asked) Fault(client.name(), " has no coordinator, and nobody is asked");
  }

  void CheckPlaces(const std::string& key, const v1::CoordinatorRecord& coordinator) {
    for (const v1::Place& place : coordinator.places()) {
      if (!held_.contains({key, place.client()})) Fault(key, " holds a place for nobody: ", place.client());
    }
  }

  const Picture::Service& network_;
  std::map<std::string, Coordinator> coordinators_;
  std::map<std::string, v1::SupportOpened> clients_;
  std::set<std::pair<std::string, std::string>> held_;  // Coordinator and client. Clients come first in the states.
  std::vector<std::string> faults_;
};

}  // namespace

std::vector<std::string> CheckAssignments(const Picture& picture) {
  return Network(picture.services[kCoordinatorNetwork]).Check();
}

}  // namespace polku::simulation
