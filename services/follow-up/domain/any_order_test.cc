// Whatever becomes known of a client, in whatever order it is told: the same findings are open in the end.
//
// The facts are data, so that a failing case shrinks to the fewest facts and prints each by name. Which rules they
// bear on: mark, correction: R2, R5, R6; contact, its voiding, session, meeting, attempt: R5, R4 of the taker; pause:
// R2, R3, R5, R6, R10, R11; closed days: R2, R5, R6, R10, R11; life, permission: all, R12; plan: R3, R10, R11; start:
// R5, R10, R11; end: R1, R3, R5, R11; voiding of a start or an end: R1, R3, R10, R11; hand-over, its acceptance: R4;
// benefits: R8; report of a source: R2, R5, R10, R11 and what is held. Elsewhere: the end of a measure with sessions
// and R2 (late_facts_test.cc), corrected and voided benefit periods (statutory_point_test.cc), the assessment and R7
// (rules_test.cc and the simulation). Not here, since they rightly hang on the order: revised plans (which session a
// mark is for), what people resolve, closing.
#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"
#include "services/follow-up/domain/moment.h"
#include "services/follow-up/domain/testing/facts.h"
#include "services/follow-up/domain/testing/follower.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT
using pipeline::ToProto;

enum class Kind {
  kMark,
  kCorrection,
  kContact,
  kVoidedContact,
  kSession,
  kMeeting,
  kAttempt,
  kPause,
  kClosedDays,
  kLife,
  kPermissionWithdrawn,
  kPermissionGranted,
  kPlan,
  kStart,
  kVoidedStart,
  kEnd,
  kVoidedEnd,
  kHandOver,
  kHandOverAccepted,
  kBenefits,
  kReport,
};
constexpr const char* kNames[] = {"mark",
                                  "correction",
                                  "contact",
                                  "voided contact",
                                  "session held",
                                  "meeting held",
                                  "attempt that reached",
                                  "pause",
                                  "closed days",
                                  "life",
                                  "permission withdrawn",
                                  "permission granted",
                                  "plan",
                                  "start",
                                  "voided start",
                                  "end",
                                  "voided end",
                                  "hand-over",
                                  "hand-over accepted",
                                  "benefits",
                                  "report of the source"};
constexpr int kKinds = static_cast<int>(Kind::kReport) + 1;
static_assert(std::size(kNames) == kKinds);

const absl::CivilDay kFirst(2026, 3, 2);
// Everything is told at one instant, long after it happened.
const char kTold[] = "2026-05-20 08:00";
constexpr int kDays = 79;  // From kFirst until then.

constexpr int kSessions = 22;     // Of measure 1, until then.
constexpr size_t kFactsMax = 24;  // Of one case: R5 remembers so many activities (README.md, known limits).

struct Fact {
  Kind kind = Kind::kMark;
  int when = 0;   // Below kDays: the day it is of, from kFirst on; of marks the ordinal of the session.
  int what = 0;   // 0 to 23: what there is to choose.
  int place = 0;  // Where it stands in the other order.

  absl::CivilDay day() const { return kFirst + when; }
  absl::Time time() const { return StartOfDay(day()) + absl::Hours(8) + absl::Minutes(what); }
  // Of two facts with the same, one is enough: they would contradict each other.
  std::tuple<Kind, int> about() const {
    const bool many = kind == Kind::kContact || kind == Kind::kSession || kind == Kind::kMeeting ||
                      kind == Kind::kAttempt || kind == Kind::kPause || kind == Kind::kClosedDays ||
                      kind == Kind::kReport;
    if (kind == Kind::kMark || kind == Kind::kCorrection) return {kind, when % kSessions};
    return {kind, many ? when : 0};
  }
};
using Facts = std::vector<Fact>;

void showValue(const Fact& fact, std::ostream& out) {
  out << kNames[static_cast<int>(fact.kind)] << " of " << FormatDay(fact.day()) << " (" << fact.when << ", "
      << fact.what << ", place " << fact.place << ")";
}

rc::Gen<Facts> AnyFacts() {
  const auto fact = rc::gen::map(rc::gen::tuple(rc::gen::inRange(0, kKinds), rc::gen::inRange(0, kDays),
                                                rc::gen::inRange(0, 24), rc::gen::inRange(0, 1000)),
                                 [](const std::tuple<int, int, int, int>& drawn) {
                                   const auto& [kind, when, what, place] = drawn;
                                   return Fact{static_cast<Kind>(kind), when, what, place};
                                 });
  return rc::gen::uniqueBy<Facts>(fact, [](const Fact& each) { return each.about(); });
}

// What a fact cannot be told without.
std::optional<Kind> Needs(Kind kind) {
  switch (kind) {
    case Kind::kVoidedContact:
      return Kind::kContact;
    case Kind::kPermissionGranted:
      return Kind::kPermissionWithdrawn;
    case Kind::kStart:
      return Kind::kPlan;
    case Kind::kVoidedStart:
    case Kind::kEnd:
      return Kind::kStart;
    case Kind::kVoidedEnd:
      return Kind::kEnd;
    case Kind::kHandOverAccepted:
      return Kind::kHandOver;
    default:
      return std::nullopt;
  }
}

bool Has(const Facts& facts, Kind kind) {
  return std::any_of(facts.begin(), facts.end(), [&](const Fact& each) { return each.kind == kind; });
}

// Without those that cannot be. A start that was a mistake has no end.
Facts Possible(Facts facts) {
  if (facts.size() > kFactsMax) facts.resize(kFactsMax);
  if (Has(facts, Kind::kVoidedStart)) {
    std::erase_if(facts, [](const Fact& each) { return each.kind == Kind::kEnd; });
  }
  size_t before = 0;
  do {
    before = facts.size();
    const Facts known = facts;
    std::erase_if(facts, [&](const Fact& each) {
      const std::optional<Kind> needed = Needs(each.kind);
      return needed.has_value() && !Has(known, *needed);
    });
  } while (facts.size() < before);
  return facts;
}

// Whoever tells of something knows what it needs: that comes first.
Facts InOrder(const Facts& facts) {
  Facts ordered;
  Facts left = facts;
  while (!left.empty()) {
    const auto next = std::find_if(left.begin(), left.end(), [&](const Fact& each) {
      const std::optional<Kind> needed = Needs(each.kind);
      return !needed.has_value() || !Has(left, *needed);
    });
    ordered.push_back(*next);
    left.erase(next);
  }
  return ordered;
}

constexpr char kTaker[] = "organisations/taker";

JourneyInput ContactOf(const Fact& fact) {
  JourneyInput input;
  input.mutable_record_contact()->set_client(kClient);
  *input.mutable_record_contact()->mutable_contact_time() = ToProto(fact.time());
  if (fact.what % 3 == 0) input.mutable_record_contact()->set_organisation(kTaker);
  return input;
}

JourneyInput MarkOf(const Fact& fact) {
  JourneyInput input;
  AttendanceMark& mark = *input.mutable_attendance_mark();
  const int session = fact.when % kSessions;
  const bool correction = fact.kind == Kind::kCorrection;
  mark.set_measure(MeasureName(1));
  *mark.mutable_date() = pipeline::ToProtoDay(kFirst + 7 * (session / 2) + 2 * (session % 2));
  mark.set_revision(correction ? 1 : 0);
  mark.set_status(correction       ? ATTENDANCE_STATUS_PRESENT
                  : fact.what < 12 ? ATTENDANCE_STATUS_ABSENT
                  : fact.what < 16 ? ATTENDANCE_STATUS_EXCUSED
                                   : ATTENDANCE_STATUS_PRESENT);
  return input;
}

JourneyInput VoidOf(const std::string& name) {
  JourneyInput input;
  input.mutable_void_record()->set_name(name);
  input.mutable_void_record()->set_reason(VOID_REASON_DID_NOT_HAPPEN);
  return input;
}

JourneyInput SeenOf(const Fact& fact) {
  JourneyInput input;
  if (fact.kind == Kind::kSession) {
    input.mutable_session_held()->set_session(absl::StrCat(kClient, "/sessions/", fact.when + 1));
    *input.mutable_session_held()->mutable_start_time() = ToProto(fact.time());
  } else if (fact.kind == Kind::kMeeting) {
    input.mutable_meeting_held()->set_meeting(absl::StrCat(kClient, "/meetings/", fact.when + 1));
    *input.mutable_meeting_held()->mutable_start_time() = ToProto(fact.time());
    input.mutable_meeting_held()->set_client_present(fact.what % 4 != 0);
  } else {
    auto& attempt = *input.mutable_outreach_attempted();
    attempt.set_task(absl::StrCat(kClient, "/tasks/", fact.when + 1));
    attempt.set_outcome(coordinator_network::v1::ATTEMPT_OUTCOME_REACHED_WILL_RETURN);
    attempt.set_channel(coordinator_network::v1::CHANNEL_CALL);
    *attempt.mutable_attempt_time() = ToProto(fact.time());
  }
  return input;
}

JourneyInput PermissionOf(const Fact& fact) {
  JourneyInput input;
  const std::string permission = absl::StrCat(kClient, "/permissions/1");
  if (fact.kind == Kind::kPermissionWithdrawn) {
    auto& withdrawn = *input.mutable_permission_withdrawn();
    withdrawn.set_permission(permission);
    withdrawn.set_purpose("service-chain");
    *withdrawn.mutable_withdraw_time() = ToProto(Local("2026-04-01 10:00"));
  } else {
    auto& granted = *input.mutable_permission_granted();
    granted.set_permission(permission);
    granted.set_purpose("service-chain");
    *granted.mutable_grant_time() = ToProto(Local("2026-04-01 10:00") + absl::Hours(1 + fact.when * 10));
  }
  return input;
}

// Measure 2 has no sessions.
JourneyInput MeasureOf(const Fact& fact) {
  JourneyInput input;
  switch (fact.kind) {
    case Kind::kPlan: {
      auto& approved = *input.mutable_plan_approved();
      approved.set_plan(absl::StrCat(kClient, "/plans/2"));
      *approved.add_measures() = Plan(2, FormatDay(fact.day()), FormatDay(kFirst + 80 + fact.what));
      *approved.mutable_approve_time() = ToProto(fact.time() - absl::Hours(72));
      break;
    }
    case Kind::kStart:
      input.mutable_start_measure()->set_name(MeasureName(2));
      *input.mutable_start_measure()->mutable_start_date() = pipeline::ToProtoDay(kFirst + fact.when % 70);
      break;
    case Kind::kEnd:
      if (fact.what % 2 == 0) {
        input.mutable_complete_measure()->set_name(MeasureName(2));
        *input.mutable_complete_measure()->mutable_end_date() = Day("2026-05-19");
      } else {
        input.mutable_end_measure_early()->set_name(MeasureName(2));
        *input.mutable_end_measure_early()->mutable_end_date() = Day("2026-05-19");
        input.mutable_end_measure_early()->set_reason(END_REASON_ILLNESS);
      }
      break;
    default:
      return VoidOf(MeasureName(2));
  }
  return input;
}

JourneyInput BenefitsOf(const Fact& fact) {
  JourneyInput input;
  auto& request = *input.mutable_record_benefit_period();
  request.set_client(kClient);
  request.mutable_period()->set_kind(static_cast<BenefitKind>(1 + fact.what % 3));
  *request.mutable_period()->mutable_first_date() = pipeline::ToProtoDay(fact.day() - 60);
  *request.mutable_period()->mutable_last_date() = pipeline::ToProtoDay(fact.day() + fact.what * 3);
  request.mutable_period()->set_source(BENEFIT_SOURCE_KELA);
  return input;
}

// One measure runs all the time and meets on Mondays and Wednesdays; its source has told everything in the end.
class Teller {
 public:
  Teller(const Facts& facts, bool by_source) : follower_(Local("2026-03-02 08:00")), by_source_(by_source) {
    for (const Fact& fact : facts) {
      if (fact.kind == Kind::kContact) mistaken_contact_ = std::min(mistaken_contact_, fact.time());
    }
    auto plan = TwiceAWeek();
    if (by_source) plan.set_source("sources/s");
    follower_.Run(plan);
    follower_.JumpTo(Local(kTold));
  }

  void Tell(const Fact& fact) {
    follower_.organisation = fact.kind == Kind::kHandOverAccepted ? kTaker : follower_.state().responsible_party();
    const absl::Status told = follower_.Give(InputOf(fact));
    if (!told.ok()) RC_FAIL(absl::StrCat(kNames[static_cast<int>(fact.kind)], ": ", told.ToString()));
  }
  void Tick() { follower_.Tick(); }

  // Two months later, when every limit has been reached.
  std::set<std::string> OpenInTheEnd() {
    const absl::Time end = follower_.now() + absl::Hours(24 * 60);
    if (by_source_) Cover(end);
    follower_.AdvanceTo(end);
    const std::vector<std::string> open = follower_.Open();
    return {open.begin(), open.end()};
  }

 private:
  void Cover(absl::Time until) {
    covered_ = std::max(covered_, until);
    follower_.sources = {{std::string("sources/s"), Micros(covered_), absl::ToInt64Microseconds(absl::Hours(24))}};
  }

  std::string MistakenContact() const {
    for (const JourneyEvent& event : follower_.events()) {
      const ContactRecorded& contact = event.contact_recorded();
      if (event.has_contact_recorded() && pipeline::FromProto(contact.contact_time()) == mistaken_contact_) {
        return contact.contact();
      }
    }
    return "";
  }

  JourneyInput InputOf(const Fact& fact) {
    JourneyInput input;
    switch (fact.kind) {
      case Kind::kMark:
      case Kind::kCorrection:
        return MarkOf(fact);
      case Kind::kContact:
        return ContactOf(fact);
      case Kind::kVoidedContact:
        return VoidOf(MistakenContact());
      case Kind::kSession:
      case Kind::kMeeting:
      case Kind::kAttempt:
        return SeenOf(fact);
      case Kind::kPause:
        return PauseOf(fact.day(), 1 + fact.what, fact.what % 2 == 0 ? MeasureName(1) : "");
      case Kind::kClosedDays:
        return ClosureOf(fact.day(), fact.what % 20);
      case Kind::kLife:
        // One that has ended has done so before it is told.
        return CircumstanceOf(
            fact.day(), fact.what % 4 == 0 && fact.when > 60 ? 0 : std::min(1 + fact.what % 10, kDays - fact.when));
      case Kind::kPermissionWithdrawn:
      case Kind::kPermissionGranted:
        return PermissionOf(fact);
      case Kind::kPlan:
      case Kind::kStart:
      case Kind::kVoidedStart:
      case Kind::kEnd:
      case Kind::kVoidedEnd:
        return MeasureOf(fact);
      case Kind::kHandOver:
        input.mutable_offer_transition()->set_client(kClient);
        input.mutable_offer_transition()->set_taker(kTaker);
        return input;
      case Kind::kHandOverAccepted:
        input.mutable_accept_transition()->set_name(absl::StrCat(kClient, "/transitions/1"));
        return input;
      case Kind::kBenefits:
        return BenefitsOf(fact);
      case Kind::kReport:
        Cover(fact.time());
        input.mutable_recheck_coverage()->set_client(kClient);
        input.mutable_recheck_coverage()->set_source("sources/s");
        return input;
    }
    return input;
  }

  Follower follower_;
  const bool by_source_;
  absl::Time covered_ = absl::InfinitePast();
  absl::Time mistaken_contact_ = absl::InfiniteFuture();  // The earliest, if any is voided.
};

// Known limits (README.md): what hid a gap of R5 may be taken back, or another measure turn out to have run meanwhile,
// only after the gap was bridged and forgotten.
std::set<std::string> Comparable(const std::set<std::string>& open, const Facts& facts) {
  const bool taken_back =
      Has(facts, Kind::kVoidedContact) || Has(facts, Kind::kVoidedStart) || Has(facts, Kind::kPermissionGranted);
  const bool ran_meanwhile = Has(facts, Kind::kStart) && (Has(facts, Kind::kPause) || Has(facts, Kind::kClosedDays));
  std::set<std::string> left;
  for (const std::string& each : open) {
    if ((taken_back || ran_meanwhile) && absl::StartsWith(each, "R5 ")) continue;
    left.insert(each);
  }
  return left;
}

RC_GTEST_PROP(AnyOrderOfFacts, EndsInTheSameOpenFindings, (bool by_source)) {
  const Facts facts = Possible(*AnyFacts());
  Teller straight(facts, by_source);
  for (const Fact& fact : InOrder(facts)) straight.Tell(fact);
  Facts shuffled = facts;
  std::stable_sort(shuffled.begin(), shuffled.end(), [](const Fact& a, const Fact& b) { return a.place < b.place; });
  Teller other(facts, by_source);
  for (const Fact& fact : InOrder(shuffled)) {
    if (fact.place % 3 == 0) other.Tick();
    other.Tell(fact);
  }
  const auto in_order = Comparable(straight.OpenInTheEnd(), facts);
  const auto in_another = Comparable(other.OpenInTheEnd(), facts);
  if (in_order == in_another) return;
  RC_FAIL(absl::StrCat("as listed: ", absl::StrJoin(in_order, ", "), "; by places: ", absl::StrJoin(in_another, ", ")));
}

}  // namespace
}  // namespace polku::follow_up
