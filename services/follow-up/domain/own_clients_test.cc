#include "services/follow-up/domain/own_clients.h"

#include <gtest/gtest.h>

#include "libs/base/status_matchers.h"
#include "libs/base/violation.h"

namespace polku::follow_up {
namespace {

using namespace polku::follow_up::v1;  // NOLINT

constexpr char kMine[] = "clients/C/measures/1";
constexpr char kOthers[] = "clients/C/measures/2";

JourneyRecord Journey() {
  JourneyRecord journey;
  journey.set_open(true);
  for (const auto& [name, provider] : {std::pair(kMine, "organisations/a"), {kOthers, "organisations/b"}}) {
    auto& plan = *journey.add_measures()->mutable_plan();
    plan.set_measure(name);
    plan.set_provider(provider);
  }
  return journey;
}

// A command about each kind of thing that a provider may speak of.
std::vector<JourneyInput> About(const std::string& measure) {
  std::vector<JourneyInput> inputs(6);
  inputs[0].mutable_start_measure()->set_name(measure);
  inputs[1].mutable_attendance_mark()->set_measure(measure);
  inputs[2].mutable_complete_measure()->set_name(measure);
  inputs[3].mutable_end_measure_early()->set_name(measure);
  inputs[4].mutable_agree_pause()->set_measure(measure);
  inputs[5].mutable_void_record()->set_name(measure);
  return inputs;
}

TEST(OwnClients, AProviderSpeaksOfItsOwnMeasures) {
  for (const JourneyInput& input : About(kMine)) {
    EXPECT_THAT(CheckOwnClient(input, Journey(), "organisations/a"), IsOk()) << input.ShortDebugString();
  }
}

TEST(OwnClients, AnotherProvidersMeasureIsNotThere) {
  for (const JourneyInput& input : About(kOthers)) {
    const absl::Status status = CheckOwnClient(input, Journey(), "organisations/a");
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kNotFound)) << input.ShortDebugString();
    EXPECT_EQ(ReasonOf(status), "MEASURE_NOT_FOUND");
  }
}

TEST(OwnClients, AStrangerIsToldWhatAClientWhoDoesNotExistIsToldOf) {
  JourneyInput contact;
  contact.mutable_record_contact()->set_client("clients/C");
  EXPECT_THAT(CheckOwnClient(contact, Journey(), "organisations/a"), IsOk());
  const absl::Status stranger = CheckOwnClient(contact, Journey(), "organisations/c");
  EXPECT_EQ(stranger, CheckOwnClient(contact, JourneyRecord(), "organisations/c"));
  EXPECT_EQ(ReasonOf(stranger), "JOURNEY_NOT_FOUND");
}

}  // namespace
}  // namespace polku::follow_up
