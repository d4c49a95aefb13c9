#include "services/coordinator-network/domain/hand_over.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "libs/base/calendar.h"
#include "libs/pipeline/proto_time.h"

namespace polku::coordinator_network {
namespace {

namespace v1 = ::polku::coordinator_network::v1;
using pipeline::ToProto;

bool IsHandOver(const v1::Task& task) { return task.kind() == v1::TASK_KIND_HAND_OVER; }

void Note(const std::string& to, ClientTurn& turn) {
  v1::ClientSupportEvent event;
  event.mutable_hand_over_noted()->set_client(turn.client());
  event.mutable_hand_over_noted()->set_to(to);
  turn.Emit(std::move(event));
}

void TellLead(ClientTurn& turn) {
  const auto& tasks = turn.state().tasks();
  if (std::any_of(tasks.begin(), tasks.end(), IsHandOver)) return;
  v1::Task task;
  task.set_kind(v1::TASK_KIND_HAND_OVER);
  task.set_coordinator(kLead);
  task.set_subject(turn.client());
  *task.mutable_due_time() =
      ToProto(DueAfterOfficeDays(turn.context().fact_time, turn.policy().assignment_answer_office_days));
  turn.AddTask(std::move(task));
}

// Empty when nobody can.
std::string TakerOf(const v1::BeginHandOver& step, const ClientTurn& turn) {
  std::vector<Candidate> candidates = CandidatesOf(turn.context());
  if (!step.to().empty()) return candidates.empty() ? std::string() : candidates.front().coordinator;
  std::erase_if(candidates, [&](const Candidate& candidate) {
    const auto& refused = step.refused_by();
    return candidate.coordinator == step.from() ||
           std::find(refused.begin(), refused.end(), candidate.coordinator) != refused.end();
  });
  const std::optional<Match> best = BestMatch(candidates, turn.state(), turn.policy().weights);
  return best.has_value() ? best->coordinator : std::string();
}

// Proposals see the places of a batch ago: forty clients who leave at once are all led to the same best one.
void AskNextBest(const v1::AnswerHandOver& refusal, const std::string& from, ClientTurn& turn) {
  auto begin = std::make_unique<v1::BeginHandOver>();
  begin->set_client(turn.client());
  begin->set_from(from);
  *begin->mutable_refused_by() = refusal.refused_by();
  begin->add_refused_by(refusal.to());
  turn.AddStep(turn.client(), std::move(begin));
}

}  // namespace

std::vector<Candidate> CandidatesOf(const pipeline::Context& context) {
  std::vector<Candidate> candidates;
  if (context.lookups.empty()) return candidates;
  for (const store::Row& row : context.lookups.front()) candidates.push_back(ReadCandidate(row, LocalDay(context.now)));
  return candidates;
}

void GiveBackPlace(const std::string& coordinator, const google::protobuf::Timestamp& reserve_time, ClientTurn& turn) {
  auto release = std::make_unique<v1::ReleasePlace>();
  release->set_coordinator(coordinator);
  release->set_client(turn.client());
  *release->mutable_reserve_time() = reserve_time;
  turn.AddStep(coordinator, std::move(release));
}

void OnBeginHandOver(const v1::BeginHandOver& step, ClientTurn& turn) {
  const v1::Assignment& assignment = turn.state().assignment();
  if (!turn.state().open() || assignment.state() != v1::ASSIGNMENT_STATE_ACCEPTED ||
      assignment.coordinator() != step.from() || !assignment.handing_over_to().empty()) {
    return;
  }
  const std::string taker = TakerOf(step, turn);
  if (taker.empty()) return TellLead(turn);
  Note(taker, turn);
  auto take_over = std::make_unique<v1::TakeOver>();
  take_over->set_coordinator(taker);
  take_over->set_client(turn.client());
  take_over->set_by_score(step.to().empty());
  *take_over->mutable_refused_by() = step.refused_by();
  turn.AddStep(taker, std::move(take_over));
}

void OnAnswerHandOver(const v1::AnswerHandOver& step, ClientTurn& turn) {
  const v1::Assignment assignment = turn.state().assignment();
  if (!turn.state().open() || assignment.state() != v1::ASSIGNMENT_STATE_ACCEPTED ||
      assignment.handing_over_to() != step.to()) {
    if (step.has_reserve_time()) GiveBackPlace(step.to(), step.reserve_time(), turn);
    return;
  }
  if (!step.has_reserve_time()) {
    Note("", turn);
    return step.by_score() ? AskNextBest(step, assignment.coordinator(), turn) : TellLead(turn);
  }
  v1::ClientSupportEvent event;
  v1::CoordinatorReplaced& replaced = *event.mutable_coordinator_replaced();
  replaced.set_client(turn.client());
  replaced.set_from(assignment.coordinator());
  replaced.set_to(step.to());
  *replaced.mutable_replace_time() = step.reserve_time();
  turn.Emit(std::move(event));
  // Those who only ask who has taken the client need not know about hand-overs.
  v1::ClientSupportEvent taken;
  v1::AssignmentAccepted& accepted = *taken.mutable_assignment_accepted();
  accepted.set_client(turn.client());
  accepted.set_coordinator(step.to());
  *accepted.mutable_accept_time() = step.reserve_time();
  accepted.set_organisation(step.organisation());
  turn.Emit(std::move(taken));
  turn.EndTasks(IsHandOver, v1::TASK_STATE_DONE);
  turn.MoveTasks(step.to());
  GiveBackPlace(assignment.coordinator(), assignment.accept_time(), turn);
}

}  // namespace polku::coordinator_network
