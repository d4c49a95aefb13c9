// The rules of the aggregate "clients/C" of this service: assessments and plans of one client.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/assessment/v1/state.pb.h"
#include "services/assessment/domain/evolve.h"
#include "services/assessment/domain/recall.h"

namespace polku::assessment {

// See libs/pipeline/domain.h for what each function promises.
class ClientAssessmentDomain {
 public:
  using State = v1::ClientAssessment;
  using Input = v1::ClientAssessmentInput;
  using Event = v1::ClientAssessmentEvent;

  explicit ClientAssessmentDomain(pathway::Catalogue catalogue) : catalogue_(std::move(catalogue)) {}

  // Errors: kInvalidArgument when a name in a command is not of the kind it must be.
  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  // Of a proposal, the members of the groups that it names (domain/index.h).
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const { assessment::Evolve(event, state); }
  // The earliest deadline that has not been told.
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const { return {}; }
  std::vector<Event> Recall(const Event& told, const State& state) const { return assessment::Recall(told, state); }

 private:
  absl::StatusOr<pipeline::Decision<Event>> DecideInput(const State& state, const Input& input,
                                                        const pipeline::Context& context) const;
  pathway::Catalogue catalogue_;
};

}  // namespace polku::assessment
