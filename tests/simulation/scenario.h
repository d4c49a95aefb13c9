// What happens in a run, made from a seed alone: who sends which command when. Nothing here
// depends on what the services answer, so the same scenario can be run with and without faults.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "google/protobuf/message.h"
#include "libs/base/random.h"
#include "libs/pipeline/domain.h"

namespace polku::simulation {

struct Command {
  absl::Time at;
  int service = 0;
  std::string method;  // "SubmitReferral": the last part of the RPC's name.
  std::shared_ptr<google::protobuf::Message> request;
  std::string key;            // Of SubmitReferral: the client if the person is new. Of others with a code: the client.
  std::string identity_code;  // Of SubmitReferral and CorrectIdentity; may be empty. Individual numbers 900-999 only.
  std::string request_id;
  // Of VoidRecord: the request id of the RecordContact that was a mistake. The name is known from the reply to it.
  std::string mistake;
  pipeline::Principal principal;
  // Not empty: no command, but `bytes` on the topic of that provider. `request` is the ProviderActivity meant by them,
  // if any is.
  std::string feeder;
  std::string bytes;
  std::string flaw;  // Of a record that nobody may take: what its dead letter says, or that, divided by '|'.
};

struct Scenario {
  uint64_t seed = 0;
  absl::Time begin;
  absl::Time end;
  std::vector<Command> commands;  // In order of time.
  // When everything comes to rest and people look at their lists. In order of time.
  std::vector<absl::Time> evenings;
  bool people_react = true;  // To what they see on their lists.
};

struct ScenarioSize {
  int clients = 12;
  int days = 150;
};

Scenario MakeScenario(uint64_t seed, const ScenarioSize& size);

// The same facts with nobody who reacts to findings, without corrections of marks, and, if `late`, many marks and
// contacts told up to three weeks later, in another order. Nothing of a measure is told after its end.
Scenario FactsOf(const Scenario& scenario, bool late);

// 0 to limit - 1.
int Pick(SeededRandom& random, int limit);
bool Chance(SeededRandom& random, int percent);
std::string ClientName(int n);
// Of the n-th client, unless n is a multiple of three.
std::string IdentityCode(int n);
// In every text about a person.
inline constexpr char kCanary[] = "anarialintu";
// In what a provider writes and nobody may keep.
inline constexpr char kFeedCanary[] = "kottarainen";
// Mixes the words into a number that is the same in every run.
uint64_t Mix(uint64_t seed, absl::string_view words);
pipeline::Principal PrincipalOf(const std::string& role);
// A UUID that is the same in every run.
std::string RequestId(uint64_t seed, absl::string_view words);

}  // namespace polku::simulation
