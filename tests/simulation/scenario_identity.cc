// Who somebody is: said more rightly later, or two records found to be one person and sometimes two again.
#include <set>
#include <utility>

#include "libs/pipeline/proto_time.h"
#include "polku/referral/v1/api.pb.h"
#include "tests/simulation/scenario_script.h"

namespace polku::simulation {
namespace {

namespace v1 = ::polku::referral::v1;

void Correct(Script& script, int client, SeededRandom& random) {
  v1::CorrectIdentityRequest request;
  request.set_client(ClientName(client));
  const absl::Time at = LocalTime(kFirstDay + Pick(random, script.size().days), 10 * 60 + 20);
  if (client % 3 == 0) {
    request.mutable_person()->set_identity_code(IdentityCode(client));
    request.set_reason(v1::CORRECTION_REASON_CODE_BECAME_KNOWN);
  } else {
    request.mutable_person()->set_family_name("Kanarialintunen");
    request.set_reason(v1::CORRECTION_REASON_CHANGED);
  }
  Command& command = script.Add(at, kReferral, "CorrectIdentity", std::move(request));
  if (client % 3 != 0) return;
  command.key = ClientName(client);
  command.identity_code = IdentityCode(client);
}

// What came with `client` turns out to be a third person's, who was taken for `into` from the start.
void SplitOff(Script& script, int client, int into, absl::CivilDay day, SeededRandom& random) {
  v1::SplitClientRequest split;
  split.set_client(ClientName(into));
  split.add_referrals(ClientName(client) + "/referrals/1");
  auto& person = *split.mutable_person();
  person.set_family_name("Kanarialintula");
  person.set_given_names("Uusi");
  person.set_municipality("205");
  person.set_language("fi");
  if (into % 3 != 0 && Chance(random, 30)) {
    person.set_identity_code(IdentityCode(into));
  } else {
    *person.mutable_birth_date() = pipeline::ToProtoDay(absl::CivilDay(1981, 6, 6));
  }
  split.set_text("kanarialintu");
  script.Add(LocalTime(day, 6 * 60 + 40), kReferral, "SplitClient", std::move(split));
}

void Merge(Script& script, int client, int into, SeededRandom& random) {
  absl::CivilDay day = kFirstDay + 25 + Pick(random, script.size().days - 50);
  v1::MergeClientsRequest merge;
  merge.set_client(ClientName(client));
  merge.set_into(ClientName(into));
  merge.set_text("kanarialintu");
  script.Add(LocalTime(day, 6 * 60 + 20), kReferral, "MergeClients", std::move(merge));
  if (Chance(random, 40)) return;
  day += 1 + Pick(random, 40);
  if (Chance(random, 40)) return SplitOff(script, client, into, day, random);
  v1::SplitClientRequest split;
  split.set_client(ClientName(into));
  split.set_merged(ClientName(client));
  split.set_text("kanarialintu");
  script.Add(LocalTime(day, 6 * 60 + 40), kReferral, "SplitClient", std::move(split));
}

}  // namespace

void Identify(Script& script) {
  SeededRandom random(Mix(script.scenario().seed, "identity"));
  for (int client = 1; client <= script.size().clients; ++client) {
    if (Chance(random, 20)) Correct(script, client, random);
  }
  std::set<int> merged;
  for (int i = Pick(random, 4); i > 0; --i) {
    const int client = 1 + Pick(random, script.size().clients);
    const int into = 1 + Pick(random, script.size().clients);
    if (client != into && merged.insert(client).second) Merge(script, client, into, random);
  }
}

}  // namespace polku::simulation
