// What the parts of a scenario are written with.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/civil_time.h"
#include "libs/base/calendar.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/follow_up/v1/feed.pb.h"
#include "tests/simulation/scenario.h"
#include "tests/simulation/world.h"

namespace polku::simulation {

inline const absl::CivilDay kFirstDay(2026, 2, 2);
inline constexpr char kUnit[] = "organisations/unit";
inline constexpr char kOtherUnit[] = "organisations/other-unit";
inline constexpr char kProvider[] = "organisations/provider";
inline constexpr char kSender[] = "organisations/sender";
inline constexpr char kSpecialist[] = "organisations/specialist";
inline constexpr char kClosingProvider[] = "organisations/closing-provider";

// The hour in which something is done, so that many things share an instant.
inline absl::Time Hour(absl::CivilDay day, int hour) { return LocalTime(day, hour * 60); }

class Script {
 public:
  Script(uint64_t seed, const ScenarioSize& size) : random_(seed), size_(size) {
    scenario_.seed = seed;
    scenario_.begin = Hour(kFirstDay, 7);
    scenario_.end = Hour(kFirstDay + size.days, 12);
  }

  Scenario& scenario() { return scenario_; }
  const ScenarioSize& size() const { return size_; }
  // The first day after the last.
  absl::CivilDay end() const { return kFirstDay + size_.days; }

  int Pick(int limit) { return simulation::Pick(random_, limit); }
  bool Chance(int percent) { return simulation::Chance(random_, percent); }

  // A coordinator of kUnit sends it, unless the caller changes the principal.
  template <class Request>
  Command& Add(absl::Time at, int service, const std::string& method, Request request) {
    Command& command = scenario_.commands.emplace_back();
    command.at = std::max(at, scenario_.begin);
    command.service = service;
    command.method = method;
    command.request_id = RequestId(scenario_.seed, absl::StrCat(method, scenario_.commands.size()));
    if constexpr (requires { request.set_request_id(""); }) request.set_request_id(command.request_id);
    command.request = std::make_shared<Request>(std::move(request));
    command.principal = PrincipalOf("coordinator");
    return command;
  }
  template <class Request>
  void AddAs(const std::string& organisation, absl::Time at, int service, const std::string& method, Request request) {
    Add(at, service, method, std::move(request)).principal.organisation = organisation;
  }

 private:
  SeededRandom random_;
  const ScenarioSize size_;
  Scenario scenario_;
};

// The record that a provider writes in place of the command.
polku::follow_up::v1::ProviderActivity ActivityOf(const polku::follow_up::v1::AttendanceMark& mark);
polku::follow_up::v1::ProviderActivity ActivityOf(const polku::follow_up::v1::StartMeasureRequest& start);
polku::follow_up::v1::ProviderActivity ActivityOf(const polku::follow_up::v1::CompleteMeasureRequest& complete);
polku::follow_up::v1::ProviderActivity ActivityOf(const polku::follow_up::v1::EndMeasureEarlyRequest& end);

// Providers that write topics of their own: whose measures are theirs, and what they write. Draws from numbers of its
// own, so that whatever else happens stays as it is.
class Feeds {
 public:
  explicit Feeds(Script& script) : script_(script), random_(Mix(script.scenario().seed, "feeds")) {}

  // One of Feeders(), for some measures; -1 for the others.
  int Choose() { return Chance(40) ? Pick(static_cast<int>(Feeders().size())) : -1; }
  // Sometimes something that nobody may take stands before or behind it.
  void Write(int feeder, absl::Time at, polku::follow_up::v1::ProviderActivity record);
  // The same again, `at` later.
  void Repeat(int feeder, absl::Time at, const polku::follow_up::v1::ProviderActivity& record);

  int Pick(int limit) { return simulation::Pick(random_, limit); }
  bool Chance(int percent) { return simulation::Chance(random_, percent); }

 private:
  using Activity = polku::follow_up::v1::ProviderActivity;
  void Add(int feeder, absl::Time at, const Activity& record, std::string bytes, const std::string& flaw);
  void AddFlawed(int feeder, absl::Time at, const Activity& record, const std::string& flaw) {
    Add(feeder, at, record, record.SerializeAsString(), flaw);
  }
  void WriteNoise(int feeder, absl::Time at, const Activity& record);
  void WriteOfAnother(int feeder, absl::Time at, const Activity& record);
  void WriteBadField(int feeder, absl::Time at, Activity record);
  void WriteBefore(int feeder, absl::Time at, const Activity& record);
  void WriteBehind(int feeder, absl::Time at, Activity record);

  Script& script_;
  SeededRandom random_;
};

// Tells of a contact. Some turn out to have been mistakes: they were at an instant at which nothing else happened,
// since two activities of one instant are one to the product.
void Contact(Script& script, absl::Time told, polku::follow_up::v1::RecordContactRequest contact);

// What happens to a referral until it is answered, and who will answer it when.
struct Waiting {
  absl::CivilDay day;
  std::string unit = kUnit;
  std::string referrer = kUnit;
};
// False when the referral ends without an acceptance.
bool AwaitAnswer(Script& script, const std::string& referral, Waiting& waiting);

// What is agreed and found out about a client whose journey opened on `day`: pauses, a hand-over from `giver`,
// changes in the client's life.
void Agree(Script& script, const std::string& client, const std::string& giver, absl::CivilDay day);
// Clients who are away ill or draw sickness allowance.
void FallIll(Script& script);
// Clients whose record goes to another region.
void MoveAway(Script& script);
// Days on which a provider is closed.
void Close(Script& script);
// Meetings about a client whose journey opened on `day`, alone or with others.
void Meet(Script& script, const std::string& client, absl::CivilDay day);
// In half of the runs a rule set takes the place of another one.
void ChangeRules(Script& script);
// What the coordinators' time goes to, and corrections of it.
void SpendTime(Script& script);
// Corrections of who somebody is; merges and splits.
void Identify(Script& script);

}  // namespace polku::simulation
