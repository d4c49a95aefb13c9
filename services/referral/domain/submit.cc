#include "services/referral/domain/submit.h"

#include <set>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"
#include "libs/base/calendar.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/referral/domain/checks.h"
#include "services/referral/domain/fingerprints.h"
#include "services/referral/domain/index.h"
#include "services/referral/domain/links.h"
#include "services/referral/domain/person.h"

namespace polku::referral {
namespace {

constexpr int kNeedsMax = 20;
constexpr int kReasonCharactersMax = 4000;
constexpr int kWarningsMax = 10;  // More than a person looks at.

void CheckNeeds(const v1::Referral& referral, absl::Status& status) {
  if (referral.needs().empty()) AddViolation(status, "referral.needs", "needs at least one");
  if (referral.needs_size() > kNeedsMax) {
    return AddViolation(status, "referral.needs", absl::StrCat("has more than ", kNeedsMax));
  }
  std::set<std::string> seen;
  for (int i = 0; i < referral.needs_size(); ++i) {
    const std::string path = absl::StrCat("referral.needs[", i, "]");
    if (!IsCode(referral.needs(i))) {
      AddViolation(status, path, "must be 1 to 63 of a-z, 0-9 and hyphen");
    } else if (!seen.insert(referral.needs(i)).second) {
      AddViolation(status, path, "is there twice");
    }
  }
}

// A code that no pathway knows is a mistake; one that none serves on this day cannot be helped here.
void CheckServiceArea(const v1::Person& person, const pathway::Catalogue& catalogue, absl::Time now,
                      absl::Status& status) {
  if (person.municipality().size() != 3) return;  // Said by CheckPerson.
  bool known = false;
  for (const pathway::v1::PathwayDefinition* definition : catalogue.definitions()) {
    if (pathway::ServesMunicipality(*definition, person.municipality(), LocalDay(now))) return;
    known = known || pathway::KnowsMunicipality(*definition, person.municipality());
  }
  AddViolation(status, "referral.person.municipality",
               known ? "is in the service area of no pathway on this day" : "is in the service area of no pathway");
}

absl::Status CheckRequest(const v1::SubmitReferralRequest& request, const EntryTerms& terms, absl::Time now) {
  if (!request.has_referral()) return InvalidField("referral", "is needed");
  const v1::Referral& referral = request.referral();
  absl::Status status;
  if (!IsResourceName(referral.receiving_unit(), "organisations/*")) {
    AddViolation(status, "referral.receiving_unit", "must be organisations/<id>");
  }
  if (referral.segment() == common::v1::SEGMENT_UNSPECIFIED || !common::v1::Segment_IsValid(referral.segment())) {
    AddViolation(status, "referral.segment", "must be one of the segments");
  }
  if (!common::v1::OrganisationKind_IsValid(referral.referrer_kind())) {
    AddViolation(status, "referral.referrer_kind", "must be one of the kinds");
  }
  CheckNeeds(referral, status);
  if (CharactersOf(referral.reason()) > kReasonCharactersMax) {
    AddViolation(status, "referral.reason", absl::StrCat("is longer than ", kReasonCharactersMax, " characters"));
  }
  if (!referral.has_person()) {
    AddViolation(status, "referral.person", "is needed");
  } else {
    CheckIdentity(referral.person(), terms.identity, now, "referral.person", status);
    CheckContact(referral.person(), "referral.person", status);
    CheckServiceArea(referral.person(), terms.catalogue, now, status);
  }
  return status;
}

// Only what the caller may say, and what follows from who and when.
v1::Referral NewReferral(const v1::Referral& told, const v1::Client& state, const pipeline::Context& context) {
  v1::Referral referral;
  referral.set_name(absl::StrCat(context.key, "/referrals/", NextReferralNumber(state)));
  referral.set_referrer(context.principal.organisation);
  referral.set_receiving_unit(told.receiving_unit());
  referral.set_segment(told.segment());
  *referral.mutable_needs() = told.needs();
  referral.set_reason(told.reason());
  referral.set_referrer_kind(told.referrer_kind());
  referral.set_state(v1::REFERRAL_STATE_RECEIVED);
  *referral.mutable_create_time() = pipeline::ToProto(context.now);
  *referral.mutable_waiting_since() = referral.create_time();
  return referral;
}

// The newest referral of a client that is known already.
void WarnOfSamePerson(const v1::Client& state, v1::EntryWarning& warning) {
  if (state.referrals().empty()) return;
  v1::PossibleDuplicate& duplicate = *warning.add_possible_duplicates();
  duplicate.set_kind(v1::PossibleDuplicate::KIND_SAME_PERSON);
  duplicate.set_client(state.name());
  duplicate.set_referral(state.referrals().rbegin()->name());
}

void WarnOfSimilarPersons(const v1::Fingerprints& own, const pipeline::Context& context, v1::EntryWarning& warning) {
  if (context.lookups.empty()) return;
  for (const store::Row& row : context.lookups.front()) {
    if (warning.possible_duplicates_size() >= kWarningsMax) return;
    const std::string& client = std::get<std::string>(row[0]);
    if (client == context.key || !MayBeSamePerson(own, FingerprintsFrom(row, own.birth_date()))) continue;
    v1::PossibleDuplicate& duplicate = *warning.add_possible_duplicates();
    duplicate.set_kind(v1::PossibleDuplicate::KIND_SIMILAR_PERSON);
    duplicate.set_client(client);
  }
}

absl::Status CheckState(const v1::Client& state, const pipeline::Context& context) {
  if (!IsResourceName(context.principal.organisation, "organisations/*")) {
    return WithReason(absl::PermissionDeniedError("submit referral: the caller's organisation is not known"),
                      "ORGANISATION_REQUIRED");
  }
  if (state.referrals_size() >= kReferralsMax) {
    return WithReason(absl::FailedPreconditionError("submit referral: the client has too many referrals"),
                      "TOO_MANY_REFERRALS");
  }
  return absl::OkStatus();
}

}  // namespace

void EmitPerson(v1::Person person, const EntryTerms& terms, Draft& draft) {
  if (google::protobuf::util::MessageDifferencer::Equals(person, draft.state().person())) return;
  v1::ClientEvent event;
  v1::PersonRecorded& recorded = *event.mutable_person_recorded();
  recorded.set_client(draft.context().key);
  *recorded.mutable_fingerprints() = FingerprintsOf(person, terms.identity, terms.hash_key);
  *recorded.mutable_person() = std::move(person);
  draft.Emit(std::move(event));
}

absl::StatusOr<Decision> SubmitReferral(const v1::Client& state, const v1::SubmitReferralRequest& request,
                                        const EntryTerms& terms, const pipeline::Context& context) {
  RETURN_IF_ERROR(CheckRequest(request, terms, context.now));
  RETURN_IF_ERROR(CheckState(state, context));
  Draft draft(state, context);
  EmitPerson(Merged(state.person(), request.referral().person(), terms.identity), terms, draft);
  v1::Referral referral = NewReferral(request.referral(), state, context);
  if (const v1::Referral* open = OpenReferralFor(referral, state); open != nullptr) Follow(*open, referral);
  v1::ClientEvent recorded;
  *recorded.mutable_referral_recorded()->mutable_referral() = referral;
  draft.Emit(std::move(recorded));
  v1::ClientEvent warned;
  v1::EntryWarning& warning = *warned.mutable_entry_warned()->mutable_warning();
  warning.set_referral(referral.name());
  WarnOfSamePerson(state, warning);
  WarnOfSimilarPersons(draft.state().fingerprints(), context, warning);
  if (warning.possible_duplicates_size() > 0) draft.Emit(std::move(warned));
  if (referral.linked_referral().empty()) {
    v1::ClientEvent received;
    *received.mutable_referral_received() = Received(referral, context.now);
    draft.Emit(std::move(received));
  }
  return std::move(draft).ReplyWith(referral.name());
}

}  // namespace polku::referral
