// The index tables (migrations) and the queries that Decide asks.
#pragma once

#include <map>
#include <string>

#include "absl/time/civil_time.h"
#include "google/type/date.pb.h"
#include "libs/pipeline/domain.h"

namespace polku::follow_up {

extern const store::TableShape kJourneyTable;
extern const store::TableShape kMeasureTable;
extern const store::TableShape kHeldTable;
extern const store::TableShape kOpenInterruptionTable;
extern const store::TableShape kFoundInterruptionTable;
extern const store::TableShape kAmendedInterruptionTable;
extern const store::TableShape kEndedInterruptionTable;
extern const store::TableShape kOutreachTable;
extern const store::TableShape kMeasureStartTable;
extern const store::TableShape kOpenedJourneyTable;
extern const store::TableShape kClosedJourneyTable;
extern const store::TableShape kPassedStageTable;
extern const store::TableShape kMarkTable;
extern const store::TableShape kContactTable;
extern const store::TableShape kVoidedContactTable;
extern const store::TableShape kSourceTable;
extern const store::TableShape kActiveRulesTable;

// Of table `passed_stage`.
enum class Stage : int64_t { kAssessed = 1, kPlanned = 2 };

// Of table `mark`; by (measure, day, session): revision, status, minutes.
inline constexpr char kMarkLookup[] = "mark";
// By client, of the sources of its measures: source, complete_through_us, reporting_interval_us.
inline constexpr char kSourcesOfClientLookup[] = "sources_of_client";
// Of table `mark`; by measure: day, session, status, minutes.
inline constexpr char kMarksOfMeasureLookup[] = "marks_of_measure";
// By provider: clients with a planned or running measure of it.
inline constexpr char kClientsOfProviderLookup[] = "clients_of_provider";
// By source: clients with something held for it.
inline constexpr char kHeldBySourceLookup[] = "held_by_source";

// Every rule set that was activated: version, which one it replaces.
inline constexpr char kActiveRulesLookup[] = "active_rules";
// By rule set, client, number: so many open journeys that it follows, of clients behind that one.
inline constexpr char kJourneysOfRulesLookup[] = "journeys_of_rules";
// By pathway, its version, client, number: so many open journeys that are on it, of clients behind that one.
inline constexpr char kJourneysOfPathwayLookup[] = "journeys_of_pathway";
// At most so many: interruptions whose outreach waits for the breaker, those due first.
inline constexpr char kWaitingAtBreakerLookup[] = "waiting_at_breaker";

// How many they are.
inline constexpr char kCountWaitingAtBreakerLookup[] = "count_waiting_at_breaker";

// By client, contact, organisation, instant: that contact, and those of the organisation since the instant, meetings
// among them: contact, time_us, organisation, whether it was a meeting, whether it is void.
inline constexpr char kContactsOfClientLookup[] = "contacts_of_client";

// For pipeline::Definition.
std::map<std::string, std::string> LookupQueries();

// 20260309 for 9 March 2026: how table `mark` holds a day.
int64_t DayNumber(const google::type::Date& date);
absl::CivilDay DayOfIndex(int64_t number);

// The week of an instant: how table `journey` holds the earliest limit, so that it seldom changes.
int64_t WeekOfIndex(int64_t time_us);

}  // namespace polku::follow_up
