// The numbers of the coordinator network's rules.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/time/time.h"

namespace polku::coordinator_network {

// What a proposal is scored by. Source: own defaults, services/coordinator-network/README.md.
struct MatchWeights {
  int language_points = 20;
  int points_per_competence = 10;
  int load_points_max = 50;  // Of a coordinator without clients; falls with the free places.
};

// What the pathways of the region name. Source: the definitions, all versions.
struct PathwayCodes {
  std::set<std::string> municipalities;
  std::set<std::string> needs;
  std::set<std::string> measure_types;
};

// What the shared catalogue takes. Source: own defaults; the ranges stand in api.proto, too.
struct CatalogueLimits {
  int services_max = 200;  // Of a provider, those that have ended included.
  // Degrees, WGS84: Finland with a margin, so that latitude and longitude are not taken for each other.
  double latitude_min = 59.0;
  double latitude_max = 70.5;
  double longitude_min = 19.0;
  double longitude_max = 32.0;
};

struct Policy {
  MatchWeights weights;
  // Office days that a proposed coordinator has for an answer, and the network lead for finding one.
  int assignment_answer_office_days = 1;
  // Office days after a missed session. Source: rule R2, contact_after_miss_office_days of the rule set.
  int contact_after_miss_office_days = 1;
  // Office days after an assessment's deadline.
  int overdue_assessment_office_days = 1;
  // Office days after a referral should have been answered.
  int overdue_referral_office_days = 1;
  // Office days after the outreach breaker has tripped, by which somebody is to have looked.
  int release_breaker_office_days = 1;
  // A permission of one of these purposes lets an organisation take part in meetings. Source: the rule set.
  std::vector<std::string> meeting_purposes;
  // A permission of one of these purposes lets an organisation send the client messages, but not from the one full hour
  // to the other, local time. Source: the rule set.
  std::vector<std::string> message_purposes;
  int quiet_from_hour = 20;
  int quiet_to_hour = 8;
  // Meetings that are kept per client, those to come included; older ones that have ended are in the journal.
  int meetings_max = 20;
  // Subjects that are remembered per client so that no second task is made for them.
  int settled_max = 200;
  // What working time may be recorded on. Source: time_use_activities of the newest rule set.
  std::vector<std::string> time_use_activities;
  // By pathway and version: what a coordinator must be able to do. Source: coordinator_competence of the definition.
  std::map<std::pair<std::string, int>, std::string> competence_of_pathway;
  CatalogueLimits catalogue;
  PathwayCodes codes;
};

}  // namespace polku::coordinator_network
