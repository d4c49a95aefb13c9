// Two records that are one person become one, in steps; see "Merging" in services/referral/README.md.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "libs/pipeline/domain.h"
#include "polku/referral/v1/state.pb.h"
#include "services/referral/domain/evolve.h"
#include "services/referral/domain/submit.h"

namespace polku::referral {

// A merge into this client or of it goes on: what would pull it away from under the other one waits.
bool IsMerging(const v1::Client& state);
absl::Status MergingNow();

// The aliases of `person` and of all that were merged into it.
std::vector<std::string> IdentityHashes(const v1::Person& person,
                                        const google::protobuf::RepeatedPtrField<v1::MergedClient>& merged,
                                        const EntryTerms& terms);

// `context.lookups` tells whether the other one is known. Asks the other one; this client lives on until the answer.
// While an answer is awaited the same command asks again.
// Errors: kNotFound; kFailedPrecondition CLIENT_MERGING or PROCESSING_RESTRICTED; kInvalidArgument naming the field.
absl::StatusOr<Decision> MergeClients(const v1::Client& state, const v1::MergeClientsRequest& request,
                                      const pipeline::Context& context);

// When a merge that nobody has answered is given up; at a tick it is. None when no answer is awaited.
std::optional<absl::Time> MergeGivenUpAt(const v1::Client& state);
void GiveUpMerge(Draft& draft);

// The steps. None is ever refused: what cannot be is answered, or called off.
Decision OnAskMerge(const v1::Client& state, const v1::AskMerge& ask, const pipeline::Context& context);
Decision OnMergeAnswered(const v1::Client& state, const v1::MergeAnswered& answered, const EntryTerms& terms,
                         const pipeline::Context& context);
Decision OnMergeCalledOff(const v1::Client& state, const v1::MergeCalledOff& called_off,
                          const pipeline::Context& context);
Decision OnTakeOver(const v1::Client& state, const v1::TakeOver& take, const EntryTerms& terms,
                    const pipeline::Context& context);

// What comes for a client who is another one by now: facts and steps go on to that one, commands are refused with
// kFailedPrecondition CLIENT_MERGED naming it.
absl::StatusOr<Decision> OnMerged(const v1::Client& state, const v1::ClientInput& input, const EntryTerms& terms,
                                  const pipeline::Context& context);

}  // namespace polku::referral
