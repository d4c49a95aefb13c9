#include <algorithm>
#include <map>
#include <set>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "libs/pathway/catalogue.h"
#include "libs/pathway/checks.h"
#include "libs/pathway/field_checks.h"
#include "libs/pathway/steps.h"

namespace polku::pathway {
namespace {

using polku::pathway::v1::Condition;
using polku::pathway::v1::PathwayDefinition;
using polku::pathway::v1::Step;
using polku::pathway::v1::TransitionTerms;

constexpr int kStepsMax = 50;

class Checker {
 public:
  Checker(const PathwayDefinition& definition, Faults& faults) : definition_(definition), faults_(faults) {}

  void All() {
    if (definition_.steps_size() > kStepsMax) {
      return faults_.Add("steps", absl::StrCat("has more than ", kStepsMax));
    }
    std::set<std::string> codes;
    for (int i = 0; i < definition_.steps_size(); ++i) {
      const std::string path = PathOf(i);
      CheckCode(path + ".code", definition_.steps(i).code(), faults_);
      if (!codes.insert(definition_.steps(i).code()).second) faults_.Add(path + ".code", "is there twice");
      One(definition_.steps(i), path);
    }
    if (!Cycles()) Unreachable();
    MeasureTypesWithoutStep();
    Transitions();
    HandOversWithoutTransition();
  }

 private:
  static std::string PathOf(int step) { return absl::StrCat("steps[", step, "]"); }

  void One(const Step& step, const std::string& path) {
    CheckText(path + ".title", step.title(), faults_);
    Require(path + ".kind", faults_);
    if (Require(path + ".responsible", faults_) && FindRole(definition_, step.responsible()) == nullptr) {
      faults_.Add(path + ".responsible", "names a role that the pathway does not have");
    }
    const bool measures = step.kind() == v1::STEP_KIND_MEASURE;
    if (measures == step.measure_types().empty()) {
      faults_.Add(path + ".measure_types", measures ? "needs at least one" : "is of no use to a step without measures");
    }
    for (int i = 0; i < step.measure_types_size(); ++i) {
      if (FindMeasureType(definition_, step.measure_types(i)) != nullptr) continue;
      faults_.Add(absl::StrCat(path, ".measure_types[", i, "]"), "names a measure type that the pathway does not have");
    }
    for (int i = 0; i < step.after_size(); ++i) {
      if (FindStep(definition_, step.after(i)) != nullptr) continue;
      faults_.Add(absl::StrCat(path, ".after[", i, "]"), "names a step that the pathway does not have");
    }
    CheckOptionalRange(path + ".start_within_office_days", step.start_within_office_days(), 0, 250, faults_);
    CanHold(step.when(), path + ".when");
  }

  // A condition on what no client of the pathway can be makes its step unreachable.
  void CanHold(const Condition& when, const std::string& path) {
    for (int i = 0; i < when.segments_size(); ++i) {
      if (ServesSegment(definition_, when.segments(i))) continue;
      faults_.Add(absl::StrCat(path, ".segments[", i, "]"), "is not served by the pathway: nobody gets there");
    }
    for (int i = 0; i < when.needs_size(); ++i) {
      if (ServesNeed(definition_, when.needs(i))) continue;
      faults_.Add(absl::StrCat(path, ".needs[", i, "]"), "is no need of the entry: nobody gets there");
    }
    for (int i = 0; i < when.outcomes_size(); ++i) {
      if (FindOutcome(definition_.assessment().outcomes(), when.outcomes(i)) != nullptr) continue;
      faults_.Add(absl::StrCat(path, ".outcomes[", i, "]"), "is no outcome of the assessment: nobody gets there");
    }
    for (int i = 0; i < when.screens_size(); ++i) {
      if (when.screens(i).classes().empty()) {
        faults_.Add(absl::StrCat(path, ".screens[", i, "].classes"), "needs at least one");
      }
    }
  }

  bool Cycles() {
    std::map<std::string, int> waits_for;  // Steps that are not behind yet.
    for (const Step& step : definition_.steps()) {
      waits_for[step.code()] =
          static_cast<int>(std::count_if(step.after().begin(), step.after().end(), [&](const std::string& code) {
            return FindStep(definition_, code) != nullptr;
          }));
    }
    for (bool found = true; found;) {
      found = false;
      for (auto& [code, count] : waits_for) {
        if (count != 0) continue;
        count = -1;
        found = true;
        for (const Step& step : definition_.steps()) {
          waits_for[step.code()] -= static_cast<int>(std::count(step.after().begin(), step.after().end(), code));
        }
      }
    }
    std::vector<std::string> left;
    int first = -1;
    for (int i = 0; i < definition_.steps_size(); ++i) {
      if (waits_for[definition_.steps(i).code()] <= 0) continue;
      left.push_back(definition_.steps(i).code());
      if (first < 0) first = i;
    }
    if (first < 0) return false;
    faults_.Add(PathOf(first) + ".after", absl::StrCat("goes in a circle: ", absl::StrJoin(left, ", ")));
    return true;
  }

  // Only for segments or outcomes of which a step before it has none, where that step has others than everybody.
  void Unreachable() {
    for (int i = 0; i < definition_.steps_size(); ++i) {
      const Step& step = definition_.steps(i);
      if (step.after().empty()) continue;
      for (const std::string& code : step.after()) {
        const Step* before = FindStep(definition_, code);
        if (before != nullptr && before->code() != step.code() && Excludes(before->when(), step.when()) &&
            step.after_size() == 1) {
          faults_.Add(PathOf(i), absl::StrCat("cannot be reached: it is for none of those whom ", code, " is for"));
        }
      }
    }
  }

  // Whether no client can meet both.
  static bool Excludes(const Condition& a, const Condition& b) {
    const auto disjoint = [](const auto& one, const auto& other) {
      return !one.empty() && !other.empty() && std::none_of(one.begin(), one.end(), [&](const auto& value) {
        return std::find(other.begin(), other.end(), value) != other.end();
      });
    };
    return disjoint(a.segments(), b.segments()) || disjoint(a.outcomes(), b.outcomes());
  }

  void MeasureTypesWithoutStep() {
    if (definition_.steps().empty()) return;
    std::set<std::string> used;
    for (const Step& step : definition_.steps()) used.insert(step.measure_types().begin(), step.measure_types().end());
    for (int i = 0; i < definition_.measure_types_size(); ++i) {
      const std::string& code = definition_.measure_types(i).code();
      if (used.count(code) == 0) faults_.Add(absl::StrCat("measure_types[", i, "].code"), "belongs to no step");
    }
  }

  void Transitions() {
    for (int i = 0; i < definition_.transitions_size(); ++i) {
      const TransitionTerms& terms = definition_.transitions(i);
      const std::string path = absl::StrCat("transitions[", i, "]");
      End(terms.from(), terms.giver(), path + ".from", path + ".giver");
      End(terms.to(), terms.taker(), path + ".to", path + ".taker");
      if (FindTransition(definition_, terms.from(), terms.to()) != &terms) {
        faults_.Add(path, "leads between the same steps as another one");
      }
      CheckOptionalRange(path + ".accept_office_days", terms.accept_office_days(), 1, 30, faults_);
      CheckOptionalRange(path + ".contact_office_days", terms.contact_office_days(), 1, 30, faults_);
      CheckOptionalRange(path + ".meeting_days", terms.meeting_days(), 1, 60, faults_);
    }
  }

  // Who gives is responsible for the step that it leads from; who takes, for the one that it leads to.
  void End(const std::string& code, const std::string& role, const std::string& step_path,
           const std::string& role_path) {
    const Step* step = Require(step_path, faults_) ? FindStep(definition_, code) : nullptr;
    if (step == nullptr) faults_.Add(step_path, "names a step that the pathway does not have");
    if (!Require(role_path, faults_) || step == nullptr) return;
    if (FindRole(definition_, step->responsible()) == nullptr) return;  // Said of the step.
    if (step->responsible() != role) {
      faults_.Add(role_path, absl::StrCat("must be ", step->responsible(), ", which answers for ", code));
    }
  }

  // Responsibility that moves without anybody taking it is how people are lost.
  void HandOversWithoutTransition() {
    for (int i = 0; i < definition_.steps_size(); ++i) {
      const Step& step = definition_.steps(i);
      for (int k = 0; k < step.after_size(); ++k) {
        const Step* before = FindStep(definition_, step.after(k));
        if (before == nullptr || before->responsible() == step.responsible()) continue;
        // Advice does not own the client.
        if (before->kind() == v1::STEP_KIND_CONSULTATION || step.kind() == v1::STEP_KIND_CONSULTATION) continue;
        if (FindTransition(definition_, before->code(), step.code()) != nullptr) continue;
        faults_.Add(absl::StrCat(PathOf(i), ".after[", k, "]"),
                    absl::StrCat("another role answers for ", before->code(), ": a transition is missing"));
      }
    }
  }

  const PathwayDefinition& definition_;
  Faults& faults_;
};

}  // namespace

void CheckSteps(const PathwayDefinition& definition, Faults& faults) { Checker(definition, faults).All(); }

}  // namespace polku::pathway
