// The work of the coordinators themselves: meetings about a client, and what their time goes to.
#include <algorithm>
#include <array>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "polku/coordinator_network/v1/api.pb.h"
#include "polku/follow_up/v1/api.pb.h"
#include "polku/referral/v1/api.pb.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

using pipeline::ToProto;
using pipeline::ToProtoDay;
namespace v1 = ::polku::coordinator_network::v1;
namespace referral = ::polku::referral::v1;

constexpr char kAgency[] = "organisations/agency";

// Whether the scenario grants a permission for that client somewhere else too: then its number is not known here.
bool GrantsAnother(Script& script, const std::string& client) {
  const auto& commands = script.scenario().commands;
  return std::any_of(commands.begin(), commands.end(), [&](const Command& command) {
    const auto* grant = dynamic_cast<const referral::GrantPermissionRequest*>(command.request.get());
    return grant != nullptr && grant->client() == client;
  });
}

class Meetings {
 public:
  Meetings(Script& script, const std::string& client)
      : script_(script), client_(client), random_(Mix(script.scenario().seed, client + " meetings")) {}

  void Write(absl::CivilDay day) {
    if (!Chance(random_, 40)) return;
    permitted_ = Chance(random_, 60);
    const bool withdrawn = permitted_ && !GrantsAnother(script_, client_) && Chance(random_, 50);
    if (permitted_) Grant(day + 1);
    const int count = 1 + Pick(random_, 3);
    for (int i = 1; i <= count; ++i) {
      day += 2 + Pick(random_, 20);
      const absl::CivilDay held = day + 2 + Pick(random_, 8);
      const bool scheduled = Schedule(day, held);
      if (withdrawn && i == count) {
        // Before the last meeting, which goes on without the agency then.
        Withdraw(held - 1);
        permitted_ = false;
      }
      if (scheduled) Record(held);
      day = held;
    }
  }

 private:
  void Grant(absl::CivilDay day) {
    referral::GrantPermissionRequest grant;
    grant.set_client(client_);
    grant.set_purpose("multi-agency-meeting");
    grant.set_organisation(kAgency);
    grant.add_classes("plan");
    script_.Add(LocalTime(day, 7 * 60 + 20), kReferral, "GrantPermission", std::move(grant));
  }

  void Withdraw(absl::CivilDay day) {
    referral::WithdrawPermissionRequest withdraw;
    withdraw.set_name(client_ + "/permissions/1");
    script_.Add(LocalTime(day, 12 * 60 + 50), kReferral, "WithdrawPermission", std::move(withdraw));
  }

  // False when it will be refused for want of a permission.
  bool Schedule(absl::CivilDay day, absl::CivilDay held) {
    v1::ScheduleMeetingRequest request;
    request.set_client(client_);
    *request.mutable_start_time() = ToProto(Start(held));
    const bool agency = Chance(random_, permitted_ ? 70 : 15);
    if (agency) request.add_participants()->set_organisation(kAgency);
    if (Chance(random_, 30)) {
      auto& participant = *request.add_participants();
      participant.set_organisation("organisations/clinic");
      participant.set_statute("SHL 41 §");
    }
    if (request.participants_size() > 0) request.add_classes("plan");
    script_.Add(LocalTime(day, 8 * 60 + 20), kCoordinatorNetwork, "ScheduleMeeting", std::move(request));
    if (agency && !permitted_) return false;
    ++number_;
    return true;
  }

  void Record(absl::CivilDay held) {
    v1::RecordMeetingRequest request;
    request.set_meeting(absl::StrCat(client_, "/meetings/", number_));
    const int fate = Pick(random_, 100);
    if (fate < 8) return;  // Nobody says what became of it.
    if (fate < 20) {
      request.set_state(v1::MEETING_STATE_CANCELLED);
      script_.Add(LocalTime(held - 1, 10 * 60 + 40), kCoordinatorNetwork, "RecordMeeting", std::move(request));
      return;
    }
    const absl::CivilDay told = held + (Chance(random_, 25) ? Pick(random_, 6) : 0);
    request.set_state(fate < 35 ? v1::MEETING_STATE_MISSED : v1::MEETING_STATE_HELD);
    if (fate >= 35) {
      request.set_client_present(Chance(random_, 85));
      if (permitted_ && Chance(random_, 60)) request.add_participants()->set_organisation(kAgency);
      request.add_classes("plan");
      if (Chance(random_, 40)) {
        auto& decision = *request.add_decisions();
        decision.set_kind(v1::MEETING_DECISION_KIND_PLAN);
        decision.set_text("kanarialintu");
        *decision.mutable_due_date() = ToProtoDay(told + Pick(random_, 20));
      }
    }
    script_.Add(LocalTime(told, 17 * 60 + 40), kCoordinatorNetwork, "RecordMeeting", std::move(request));
  }

  static absl::Time Start(absl::CivilDay held) { return LocalTime(held, 13 * 60 + 30); }

  Script& script_;
  const std::string client_;
  SeededRandom random_;
  bool permitted_ = false;
  int number_ = 0;
};

}  // namespace

void Meet(Script& script, const std::string& client, absl::CivilDay day) { Meetings(script, client).Write(day); }

// Early in the morning behind an evening, so that both runs know the same then.
void ChangeRules(Script& script) {
  SeededRandom random(Mix(script.scenario().seed, "rules"));
  if (Chance(random, 50)) return;
  namespace follow_up = ::polku::follow_up::v1;
  const auto& evenings = script.scenario().evenings;
  const absl::CivilDay day =
      LocalDay(
          evenings[evenings.size() / 3 + static_cast<size_t>(Pick(random, static_cast<int>(evenings.size() / 3)))]) +
      1;
  follow_up::TryRuleSetRequest attempt;
  attempt.set_name("rulesets/2026-2");
  attempt.set_replaces("rulesets/2026-1");
  script.Add(LocalTime(day, 5 * 60 + 10), kFollowUp, "TryRuleSet", std::move(attempt)).principal = PrincipalOf("lead");
  follow_up::ActivateRuleSetRequest activate;
  activate.set_name("rulesets/2026-2");
  script.Add(LocalTime(day, 5 * 60 + 20), kFollowUp, "ActivateRuleSet", std::move(activate)).principal =
      PrincipalOf("lead");
}

void SpendTime(Script& script) {
  SeededRandom random(Mix(script.scenario().seed, "time use"));
  constexpr std::array<const char*, 3> kActivities = {"client-work", "meeting", "travel"};
  for (int coordinator = 0; coordinator < 3; ++coordinator) {
    int entries = 0;
    for (absl::CivilDay day = kFirstDay + 1; day < script.end(); day += 1 + Pick(random, 25)) {
      v1::RecordTimeUseRequest request;
      request.set_coordinator(absl::StrCat("coordinators/c", coordinator));
      *request.mutable_date() = ToProtoDay(day);
      request.set_activity(kActivities[static_cast<size_t>(Pick(random, 3))]);
      request.set_minutes(15 + Pick(random, 600));
      const absl::Time told = LocalTime(day, 16 * 60 + 50);
      script.Add(told, kCoordinatorNetwork, "RecordTimeUse", request);
      ++entries;
      if (!Chance(random, 30)) continue;
      // Said otherwise, or never to have been.
      request.set_entry(absl::StrCat(request.coordinator(), "/timeUse/", 1 + Pick(random, entries)));
      request.set_minutes(Chance(random, 40) ? 0 : 15 + Pick(random, 600));
      script.Add(told + absl::Minutes(5), kCoordinatorNetwork, "RecordTimeUse", std::move(request));
    }
  }
}

}  // namespace polku::simulation
