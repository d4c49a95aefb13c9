#include "services/coordinator-network/domain/coordinator_domain.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "libs/base/resource_name.h"
#include "libs/base/status_macros.h"
#include "libs/base/violation.h"
#include "libs/pipeline/proto_time.h"
#include "services/coordinator-network/domain/coordinator_profile.h"
#include "services/coordinator-network/domain/index.h"
#include "services/coordinator-network/domain/matching.h"
#include "services/coordinator-network/domain/time_use.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using Decision = pipeline::Decision<v1::CoordinatorEvent>;
using pipeline::FromProto;
using pipeline::ToProto;

const v1::Place* FindPlace(const v1::CoordinatorRecord& state, const std::string& client) {
  for (const v1::Place& place : state.places()) {
    if (place.client() == client) return &place;
  }
  return nullptr;
}

// What the index says of the client's assignment; one of another key, so maybe a moment old.
struct Proposal {
  std::string coordinator;
  int64_t state = v1::ASSIGNMENT_STATE_UNSPECIFIED;
  absl::Time assign_time;
  absl::Time accept_time;
};

Proposal ProposalOf(const pipeline::Context& context) {
  Proposal proposal;
  if (context.lookups.empty() || context.lookups.front().empty()) return proposal;
  const store::Row& row = context.lookups.front().front();
  POLKU_CHECK(row.size() == 4);
  proposal.coordinator = std::get<std::string>(row[0]);
  proposal.state = std::get<int64_t>(row[1]);
  proposal.assign_time = store::ToTime(row[2]);
  proposal.accept_time = store::ToTime(row[3]);
  return proposal;
}

std::unique_ptr<v1::Assignment> AcceptedReply(const v1::AcceptAssignmentRequest& request, const Proposal& proposal,
                                              absl::Time accept_time) {
  auto reply = std::make_unique<v1::Assignment>();
  reply->set_client(request.client());
  reply->set_coordinator(request.coordinator());
  reply->set_state(v1::ASSIGNMENT_STATE_ACCEPTED);
  *reply->mutable_assign_time() = ToProto(proposal.assign_time);
  *reply->mutable_accept_time() = ToProto(accept_time);
  return reply;
}

absl::StatusOr<Decision> DecideRegister(const v1::CoordinatorRecord& state,
                                        const v1::RegisterCoordinatorRequest& request,
                                        const pipeline::Context& context) {
  ASSIGN_OR_RETURN(v1::Coordinator profile,
                   ProfileFrom(absl::StrCat("coordinators/", request.coordinator_id()), request.coordinator()));
  if (!state.coordinator().name().empty()) {
    return WithReason(absl::AlreadyExistsError("a coordinator has this id"), "COORDINATOR_EXISTS");
  }
  Decision decision;
  *decision.events.emplace_back().mutable_coordinator_registered()->mutable_coordinator() = profile;
  profile.set_etag(absl::StrCat(context.next_version));
  decision.reply = std::make_unique<v1::Coordinator>(std::move(profile));
  return decision;
}

absl::StatusOr<Decision> DecideAccept(const v1::CoordinatorRecord& state, const v1::AcceptAssignmentRequest& request,
                                      const pipeline::Context& context) {
  if (!IsResourceName(request.client(), "clients/*") || !ClientOf(request.client()).has_value()) {
    return InvalidField("client", "must be \"clients/C\" with a lower-case UUID");
  }
  if (state.coordinator().name().empty()) {
    return WithReason(absl::NotFoundError("no coordinator has this name"), "COORDINATOR_UNKNOWN");
  }
  const Proposal proposal = ProposalOf(context);
  const bool proposed = proposal.state == v1::ASSIGNMENT_STATE_PROPOSED;
  const bool accepted = proposal.state == v1::ASSIGNMENT_STATE_ACCEPTED;
  if (proposal.coordinator != request.coordinator() || (!proposed && !accepted)) {
    return WithReason(absl::FailedPreconditionError("the client is not proposed to this coordinator"), "NOT_PROPOSED");
  }
  Decision decision;
  if (accepted) {
    decision.reply = AcceptedReply(request, proposal, proposal.accept_time);
    return decision;
  }
  const v1::Place* place = FindPlace(state, request.client());
  // A place that is older than the proposal answers an earlier one: it is being given back.
  if (place != nullptr && FromProto(place->reserve_time()) >= proposal.assign_time) {
    decision.reply = AcceptedReply(request, proposal, FromProto(place->reserve_time()));
    return decision;
  }
  if (place == nullptr && state.places_size() >= state.coordinator().capacity()) {
    return WithReason(absl::ResourceExhaustedError("the coordinator's capacity is used up"), "CAPACITY_USED_UP");
  }
  // The clock may have been set back since the proposal; an acceptance never comes before it.
  const absl::Time accept_time = std::max(context.now, proposal.assign_time);
  v1::PlaceReserved& reserved = *decision.events.emplace_back().mutable_place_reserved();
  reserved.set_coordinator(request.coordinator());
  reserved.set_client(request.client());
  *reserved.mutable_time() = ToProto(accept_time);

  auto confirm = std::make_unique<v1::ConfirmAssignment>();
  confirm->set_client(request.client());
  confirm->set_coordinator(request.coordinator());
  *confirm->mutable_accept_time() = reserved.time();
  confirm->set_organisation(state.coordinator().organisation());
  decision.steps.push_back({request.client(), std::move(confirm)});
  decision.reply = AcceptedReply(request, proposal, accept_time);
  return decision;
}

Decision DecideRelease(const v1::CoordinatorRecord& state, const v1::ReleasePlace& step) {
  Decision decision;
  const v1::Place* place = FindPlace(state, step.client());
  if (place == nullptr || FromProto(place->reserve_time()) != FromProto(step.reserve_time())) return decision;
  v1::PlaceReleased& released = *decision.events.emplace_back().mutable_place_released();
  released.set_coordinator(step.coordinator());
  released.set_client(step.client());
  return decision;
}

absl::Status RequireRegistered(const v1::CoordinatorRecord& state) {
  if (!state.coordinator().name().empty()) return absl::OkStatus();
  return WithReason(absl::NotFoundError("no coordinator has this name"), "COORDINATOR_UNKNOWN");
}

// The profile as it becomes, told and answered.
Decision Updated(v1::Coordinator profile, const pipeline::Context& context) {
  Decision decision;
  profile.clear_etag();
  *decision.events.emplace_back().mutable_coordinator_updated()->mutable_coordinator() = profile;
  profile.set_etag(absl::StrCat(context.next_version));
  decision.reply = std::make_unique<v1::Coordinator>(std::move(profile));
  return decision;
}

absl::StatusOr<Decision> DecideUpdate(const v1::CoordinatorRecord& state, const v1::UpdateCoordinatorRequest& request,
                                      const pipeline::Context& context) {
  ASSIGN_OR_RETURN(v1::Coordinator profile, ProfileFrom(request.coordinator().name(), request.coordinator()));
  RETURN_IF_ERROR(RequireRegistered(state));
  const std::string& etag = request.coordinator().etag();
  if (!etag.empty() && etag != absl::StrCat(context.next_version - 1)) {
    return WithReason(absl::AbortedError("coordinator.etag is not the newest: read the profile again"), "ETAG_STALE");
  }
  *profile.mutable_absences() = state.coordinator().absences();
  profile.set_accepted(state.coordinator().accepted());
  if (state.coordinator().has_last_accept_time()) {
    *profile.mutable_last_accept_time() = state.coordinator().last_accept_time();
  }
  return Updated(std::move(profile), context);
}

absl::StatusOr<Decision> DecideAbsences(const v1::CoordinatorRecord& state, const v1::SetAbsencesRequest& request,
                                        const pipeline::Context& context) {
  ASSIGN_OR_RETURN(const std::vector<v1::Absence> absences, AbsencesFrom(request));
  RETURN_IF_ERROR(RequireRegistered(state));
  v1::Coordinator profile = state.coordinator();
  profile.mutable_absences()->Assign(absences.begin(), absences.end());
  return Updated(std::move(profile), context);
}

absl::StatusOr<Decision> DecideHandOver(const v1::CoordinatorRecord& state, const v1::HandOverRequest& request) {
  RETURN_IF_ERROR(CheckHandOver(request));
  RETURN_IF_ERROR(RequireRegistered(state));
  if (!request.client().empty() && FindPlace(state, request.client()) == nullptr) {
    return WithReason(absl::FailedPreconditionError("the coordinator has not taken this client"), "NOT_TAKEN");
  }
  Decision decision;
  v1::HandOverBegun begun;
  begun.set_coordinator(request.from());
  begun.set_to(request.to());
  begun.set_reason(request.reason());
  for (const v1::Place& place : state.places()) {
    if (!request.client().empty() && place.client() != request.client()) continue;
    begun.add_clients(place.client());
    auto step = std::make_unique<v1::BeginHandOver>();
    step->set_client(place.client());
    step->set_from(request.from());
    step->set_to(request.to());
    decision.steps.push_back({place.client(), std::move(step)});
  }
  auto reply = std::make_unique<v1::HandOverResponse>();
  reply->set_begun(begun.clients_size());
  decision.reply = std::move(reply);
  if (begun.clients_size() > 0) *decision.events.emplace_back().mutable_hand_over_begun() = std::move(begun);
  return decision;
}

Decision DecideTakeOver(const v1::CoordinatorRecord& state, const v1::TakeOver& step,
                        const pipeline::Context& context) {
  Decision decision;
  auto answer = std::make_unique<v1::AnswerHandOver>();
  answer->set_client(step.client());
  answer->set_to(step.coordinator());
  answer->set_by_score(step.by_score());
  *answer->mutable_refused_by() = step.refused_by();
  answer->set_organisation(state.coordinator().organisation());
  // A place kept since an earlier time is being given back; the new reservation takes it over.
  const bool has_place = FindPlace(state, step.client()) != nullptr;
  if (!state.coordinator().name().empty() && (has_place || state.places_size() < state.coordinator().capacity())) {
    v1::PlaceReserved& reserved = *decision.events.emplace_back().mutable_place_reserved();
    reserved.set_coordinator(step.coordinator());
    reserved.set_client(step.client());
    *reserved.mutable_time() = ToProto(context.now);
    *answer->mutable_reserve_time() = reserved.time();
  }
  decision.steps.push_back({step.client(), std::move(answer)});
  return decision;
}

void Apply(const v1::PlaceReserved& reserved, v1::CoordinatorRecord& state) {
  auto& places = *state.mutable_places();
  auto at = std::lower_bound(places.begin(), places.end(), reserved.client(),
                             [](const v1::Place& place, const std::string& client) { return place.client() < client; });
  if (at == places.end() || at->client() != reserved.client()) {
    const int position = static_cast<int>(at - places.begin());
    places.Add()->set_client(reserved.client());
    for (int i = places.size() - 1; i > position; --i) places.SwapElements(i, i - 1);
    at = places.begin() + position;
  }
  *at->mutable_reserve_time() = reserved.time();
  state.mutable_coordinator()->set_accepted(places.size());
  *state.mutable_coordinator()->mutable_last_accept_time() = reserved.time();
}

void Apply(const v1::PlaceReleased& released, v1::CoordinatorRecord& state) {
  auto& places = *state.mutable_places();
  for (int i = 0; i < places.size(); ++i) {
    if (places[i].client() != released.client()) continue;
    places.DeleteSubrange(i, 1);
    break;
  }
  state.mutable_coordinator()->set_accepted(places.size());
}

}  // namespace

absl::StatusOr<std::string> CoordinatorDomain::KeyOf(const Input& input) const {
  std::string name;
  absl::string_view field = "coordinator";
  switch (input.input_case()) {
    case Input::kRegisterCoordinator:
      name = absl::StrCat("coordinators/", input.register_coordinator().coordinator_id());
      field = "coordinator_id";
      break;
    case Input::kAcceptAssignment:
      name = input.accept_assignment().coordinator();
      break;
    case Input::kReleasePlace:
      name = input.release_place().coordinator();
      break;
    case Input::kUpdateCoordinator:
      name = input.update_coordinator().coordinator().name();
      field = "coordinator.name";
      break;
    case Input::kSetAbsences:
      name = input.set_absences().coordinator();
      break;
    case Input::kHandOver:
      name = input.hand_over().from();
      field = "from";
      break;
    case Input::kTakeOver:
      name = input.take_over().coordinator();
      break;
    case Input::kRecordTimeUse:
      name = input.record_time_use().coordinator();
      break;
    case Input::kTick:
    case Input::INPUT_NOT_SET:
      return absl::InternalError("the input names no coordinator");
  }
  if (!IsResourceName(name, "coordinators/*") || name == kLead) {
    return InvalidField(field, "must be a coordinator of 1-63 of [a-z0-9-], not \"lead\"");
  }
  return name;
}

std::vector<pipeline::Lookup> CoordinatorDomain::LookupsOf(const std::string& key, const State&,
                                                           const Input& input) const {
  if (input.has_record_time_use()) return TimeUseLookups(key, input.record_time_use());
  if (!input.has_accept_assignment()) return {};
  return {{"assignment_of_client", {input.accept_assignment().client()}}};
}

absl::StatusOr<Decision> CoordinatorDomain::Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const {
  switch (input.input_case()) {
    case Input::kTick:
      return Decision();
    case Input::kRegisterCoordinator:
      return DecideRegister(state, input.register_coordinator(), context);
    case Input::kAcceptAssignment:
      return DecideAccept(state, input.accept_assignment(), context);
    case Input::kReleasePlace:
      return DecideRelease(state, input.release_place());
    case Input::kUpdateCoordinator:
      return DecideUpdate(state, input.update_coordinator(), context);
    case Input::kSetAbsences:
      return DecideAbsences(state, input.set_absences(), context);
    case Input::kHandOver:
      return DecideHandOver(state, input.hand_over());
    case Input::kTakeOver:
      return DecideTakeOver(state, input.take_over(), context);
    case Input::kRecordTimeUse:
      return DecideTimeUse(state, input.record_time_use(), time_use_activities_, context);
    case Input::INPUT_NOT_SET:
      break;
  }
  return absl::InternalError("no rule for this input");
}

void CoordinatorDomain::Evolve(const Event& event, State& state) const {
  switch (event.event_case()) {
    case Event::kCoordinatorRegistered:
      *state.mutable_coordinator() = event.coordinator_registered().coordinator();
      return;
    case Event::kCoordinatorUpdated:
      *state.mutable_coordinator() = event.coordinator_updated().coordinator();
      return;
    case Event::kPlaceReserved:
      return Apply(event.place_reserved(), state);
    case Event::kPlaceReleased:
      return Apply(event.place_released(), state);
    case Event::kTimeUseRecorded:
      return ApplyTimeUse(event.time_use_recorded(), state);
    case Event::kHandOverBegun:  // Each client's own aggregate says when it is done.
    case Event::EVENT_NOT_SET:
      return;
  }
}

std::vector<pipeline::IndexRow> CoordinatorDomain::Index(const State& state) const { return IndexOf(state); }

std::vector<pipeline::IndexRow> CoordinatorDomain::RowsOf(const Event& event) const {
  if (!event.has_time_use_recorded()) return {};
  return {TimeUseRow(event.time_use_recorded())};
}

}  // namespace polku::coordinator_network
