// The rules of the aggregate "clients/C": who the client is and the referrals about them.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/base/hetu.h"
#include "libs/pathway/catalogue.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/recall.h"
#include "services/referral/domain/waiting.h"

namespace polku::referral {

// See libs/pipeline/domain.h for what each function promises.
class ClientDomain {
 public:
  using State = v1::Client;
  using Input = v1::ClientInput;
  using Event = v1::ClientEvent;

  // `hash_key` is the database's, 32 bytes: people are found again by keyed hashes. Only SubmitReferral needs it;
  // whoever just folds and indexes may leave it out.
  ClientDomain(pathway::Catalogue catalogue, HetuPolicy identity, absl::string_view hash_key = "")
      : catalogue_(std::move(catalogue)),
        identity_(identity),
        answers_(AnswerPolicyOf(catalogue_)),
        hash_key_(hash_key) {}

  // Errors: kInvalidArgument when the name in a command is not that of a referral. SubmitReferral
  // has no key in it: its caller gives one, found by the identity code or new.
  absl::StatusOr<std::string> KeyOf(const Input& input) const;
  std::vector<pipeline::Lookup> LookupsOf(const std::string& key, const State& state, const Input& input) const;
  absl::StatusOr<pipeline::Decision<Event>> Decide(const State& state, const Input& input,
                                                   const pipeline::Context& context) const;
  void Evolve(const Event& event, State& state) const { referral::Evolve(event, state); }
  // When a referral becomes overdue (rule R7), a client is to be erased or a merge is given up.
  std::optional<absl::Time> NextDue(const State& state) const;
  std::vector<pipeline::IndexRow> Index(const State& state) const;
  std::vector<pipeline::IndexRow> RowsOf(const Event& event) const { return {}; }
  std::vector<Event> Recall(const Event& told, const State& state) const { return referral::Recall(told, state); }

 private:
  absl::StatusOr<pipeline::Decision<Event>> DecideInput(const State& state, const Input& input,
                                                        const pipeline::Context& context) const;
  absl::StatusOr<pipeline::Decision<Event>> DecideClient(const State& state, const Input& input,
                                                         const pipeline::Context& context) const;
  absl::StatusOr<pipeline::Decision<Event>> DecideMerge(const State& state, const Input& input,
                                                        const pipeline::Context& context) const;
  absl::StatusOr<pipeline::Decision<Event>> TakeFact(const State& state, const Input& input,
                                                     const pipeline::Context& context) const;
  absl::StatusOr<pipeline::Decision<Event>> DecideFact(const State& state, const Input& input, const std::string& from,
                                                       const pipeline::Context& context) const;
  Decision OnTick(const State& state, const pipeline::Context& context) const;

  pathway::Catalogue catalogue_;
  HetuPolicy identity_;
  AnswerPolicy answers_;
  std::string hash_key_;
};

}  // namespace polku::referral
