#include "tests/simulation/models.h"

namespace polku::simulation {
namespace {

using namespace polku::common::v1;  // NOLINT

constexpr size_t kModelsPerRun = 4;

std::vector<Model> AllModels() {
  return {
      {.pathway = "etela-karjala-kymenlaakso",
       .municipality = "405",
       .need = "early-support",
       .measure_type = "early-support"},
      {.pathway = "kainuu-employees",
       .segment = SEGMENT_EMPLOYED,
       .municipality = "205",
       .need = "work-ability",
       .referrer = ORGANISATION_KIND_EMPLOYER,
       .measure_type = "modified-work",
       .direct = true,
       .rates_ability = true},
      {.pathway = "kainuu-unemployed",
       .municipality = "205",
       .need = "work-ability",
       .measure_type = "job-coaching",
       .direct = true},
      {.pathway = "keski-pohjanmaa-kp-ote",
       .municipality = "272",
       .need = "work-ability",
       .measure_type = "rehabilitation-course",
       .provider = "organisations/kokkolan-kuntoutus"},
      {.pathway = "keski-suomi-iskias",
       .segment = SEGMENT_EMPLOYED,
       .municipality = "179",
       .need = "sciatica",
       .referrer = ORGANISATION_KIND_OCCUPATIONAL_HEALTH,
       .measure_type = "imaging",
       .starts_within_days = 3,
       .days_max = 7},
      {.pathway = "kiipula-rivakka", .municipality = "109", .need = "work-ability", .measure_type = "job-coaching"},
      {.pathway = "oulu-uusi-suunta",
       .segment = SEGMENT_EMPLOYED,
       .municipality = "564",
       .need = "re-placement",
       .referrer = ORGANISATION_KIND_EMPLOYER,
       .measure_type = "re-placement"},
      {.pathway = "paijat-hame-pahee", .municipality = "398", .need = "disability", .measure_type = "peer-coaching"},
      {.pathway = "pirkanmaa-toike",
       .municipality = "837",
       .need = "musculoskeletal",
       .measure_type = "physiotherapy",
       .direct = true,
       .asks_advice = true},
      {.pathway = "pori-sataosaa",
       .municipality = "609",
       .need = "work-ability",
       .measure_type = "individual-coaching",
       .provider = "organisations/valmennus-a",
       .rates_ability = true},
      {.pathway = "satakunta-fysioterapia",
       .municipality = "684",
       .need = "musculoskeletal",
       .measure_type = "mini-intervention",
       .direct = true,
       .rates_ability = true,
       .days_max = 31},
      {.pathway = "savon-ote",
       .segment = SEGMENT_OUTSIDE_SERVICES,
       .municipality = "297",
       .need = "life-situation",
       .measure_type = "club",
       .provider = "organisations/kuopion-toimipiste",
       .direct = true,
       .in_groups = true},
      {.pathway = "validia-fokus",
       .segment = SEGMENT_STUDENT,
       .municipality = "186",
       .need = "support-need",
       .referrer = ORGANISATION_KIND_EDUCATION,
       .measure_type = "inclusion-group",
       .outcome = "inclusion",
       .in_groups = true},
  };
}

}  // namespace

const std::vector<Model>& Models() {
  static const auto* models = new std::vector<Model>(AllModels());
  return *models;
}

std::vector<const Model*> ModelsOf(uint64_t seed) {
  std::vector<const Model*> of_run;
  for (size_t i = 0; i < kModelsPerRun; ++i) of_run.push_back(&Models()[(seed + 3 * i) % Models().size()]);
  return of_run;
}

const Model& ModelOf(uint64_t seed, int client) { return *ModelsOf(seed)[static_cast<size_t>(client) % kModelsPerRun]; }

}  // namespace polku::simulation
