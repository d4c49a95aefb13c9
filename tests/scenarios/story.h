// One client's way along a pathway, step by step, against a whole server on a clock that the story moves. Each step
// must succeed unless its name says Try; it ends at rest. Days are counted from Monday 2026-03-02, which is day 0.
#pragma once

#include <gtest/gtest.h>

#include <deque>
#include <initializer_list>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/civil_time.h"
#include "tests/system/region.h"

namespace polku::scenarios {

using namespace system_test;  // NOLINT

// Who the client is, and who takes the client.
struct Client {
  const char* pathway;
  const char* municipality;
  const char* need;
  common::v1::Segment segment = common::v1::SEGMENT_UNEMPLOYED;
  const char* unit = "organisations/unit";
  int version = 0;              // 0 = the active one.
  const char* competence = "";  // Of the coordinator of the municipality.
};

// How the client comes in.
struct Referrer {
  const char* organisation = "organisations/sender";
  common::v1::OrganisationKind kind = common::v1::ORGANISATION_KIND_UNSPECIFIED;
};
inline constexpr Referrer kThemselves{"organisations/unit", common::v1::ORGANISATION_KIND_CLIENT};

class Story {
 public:
  explicit Story(Client client);

  // Referral. The first refers, the others go on with the latest referral.
  void IsReferredBy(Referrer referrer);
  absl::Status TryAccept();
  void IsAccepted();
  // IsReferredBy and IsAccepted, and the coordinator takes the client.
  void ComesInBy(Referrer referrer);

  // Assessment and plan.
  void ScoresWorkAbility(int score);
  void IsAdvisedBy(const char* organisation);
  void IsAssessed(const char* outcome = "");
  // Tuesdays and Thursdays, 09:00 to 14:00.
  assessment::v1::PlannedMeasure Measure(const char* type, const char* provider, int first_day, int last_day,
                                         const char* group = "", int cost_euros = 0) const;
  absl::Status TryPlan(const std::vector<assessment::v1::PlannedMeasure>& measures, int budget_euros = 0);
  void Gets(const std::vector<assessment::v1::PlannedMeasure>& measures, int budget_euros = 0);

  // Measures are numbered from 1 as they were planned.
  void Starts(int measure, int day);
  void Comes(int measure, int day);
  void Misses(int measure, int day);
  void Completes(int measure, int day);

  // The responsible party offers, the taker accepts and meets the client.
  absl::StatusOr<follow_up::v1::Transition> TryOffer(const char* step, const char* taker);
  void IsHandedOver(const char* step, const char* taker);
  void Meets(const char* organisation);

  // The only open interruption is by that rule, its outreach is on the coordinator's list, and nobody has fallen
  // through the net.
  void IsMissedBy(follow_up::v1::Rule rule);
  void IsOnTrack();
  // The coordinator calls, and ends the outreach; with a next step where the rule needs one.
  void IsReached(int next_step_day = -1);
  absl::Status TryClose(follow_up::v1::CloseReason reason, const char* outcome);
  void Ends(follow_up::v1::CloseReason reason, const char* outcome = "");

  void On(int day, int hour = 9) { region_.MoveTo(Day(day), hour); }
  static absl::CivilDay Day(int day) { return absl::CivilDay(2026, 3, 2) + day; }

  Region& region() { return region_; }
  const std::string& client() const { return client_; }
  const std::string& referral() const { return referral_; }
  std::string Assessment() const { return client_ + "/assessments/1"; }
  follow_up::v1::Journey Journey();
  std::string Responsible() { return Journey().responsible_party(); }
  std::vector<coordinator_network::v1::Task> Worklist(coordinator_network::v1::TaskKind kind);
  // The call, which must succeed.
  template <class Service, class Request, class Reply>
  Reply Ok(grpc::Status (Service::*method)(grpc::ClientContext*, const Request&, Reply*), const Who& who,
           const Request& request) {
    const absl::StatusOr<Reply> reply = region_.Call(method, who, request);
    EXPECT_TRUE(reply.ok()) << reply.status();
    region_.Rest();
    return reply.value_or(Reply());
  }

 private:
  Who As(const char* role) const { return {about_.unit, role}; }
  Who ResponsibleAs(const char* role);
  void Mark(int measure, int day, follow_up::v1::AttendanceStatus status);

  const Client about_;
  Region region_{Layout::kAllInOne};
  std::deque<std::string> organisations_;  // What a Who points to.
  std::vector<assessment::v1::PlannedMeasure> planned_;
  std::string referral_;
  std::string client_;
};

}  // namespace polku::scenarios
