// Carries the script out: everybody in the region does their day's work through the public API, and the clock
// moves on only when all services have come to rest.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "libs/base/clock.h"
#include "libs/pipeline/pipeline.h"
#include "tools/demo/caller.h"
#include "tools/demo/script.h"

namespace polku::demo {

constexpr int kCoordinators = 36;
std::string CoordinatorName(int number);  // "coordinators/c07"

class Office {
 public:
  // All outlive the office. `told` is called once a day with the part that is done, 0 to 1.
  Office(const Frame& frame, const std::vector<Client>& script, Caller& caller, ManualClock& clock,
         std::vector<pipeline::Pipeline*> pipelines, std::function<void(double, absl::CivilDay)> told);

  // From the winter to the end. Errors: kDeadlineExceeded when the services do not come to rest. What people
  // could not do as scripted is noted with the caller.
  absl::Status Run();

  // The client's resource name; empty before the referral was submitted.
  const std::string& NameOf(int client) const { return names_[static_cast<size_t>(client - 1)]; }
  // 0 for a name of nobody in the script.
  int NumberOf(const std::string& client) const;
  int marks() const { return marks_; }
  // Interruptions for which an outreach has stood on a list.
  const std::set<std::string>& outreach_subjects() const { return outreach_subjects_; }
  int outreach_tasks() const { return static_cast<int>(outreach_tasks_.size()); }
  // Clients that the safety net did not hold at the end of some day.
  const std::set<std::string>& unheld() const { return unheld_; }
  // Open tasks by list, as of the end.
  const std::map<std::string, std::vector<coordinator_network::v1::Task>>& worklists() const { return lists_; }

 private:
  using Task = coordinator_network::v1::Task;

  absl::Status OpenTheNetwork();
  void RegisterCoordinator(int index, const std::vector<std::string>& municipalities, const Course& course,
                           int capacity);
  absl::Status RegisterFeeds();
  absl::Status LiveDay(absl::CivilDay day);
  absl::Status MoveTo(absl::Time time);
  absl::Status Rest();
  void DoScripted(absl::CivilDay day, Slot slot);
  void Do(const Client& client, const Action& action);
  void Submit(const Client& client);
  void Answer(const Client& client, const Action& action);
  void Assess(const Client& client);
  void Plan(const Client& client, const Action& action);
  void ToldOfLife(const Client& client, const Action& action);
  void ChangeMeasure(const Client& client, const Action& action);
  void Contact(const Client& client);
  void CloseJourney(const Client& client);
  void Pause(const Client& client, const Action& action);
  void Transfer(const Client& client, const Action& action);
  void ReadWorklists();
  void ReadPage(const std::string& coordinator, const std::string& token);
  void TakeClients();
  void WorkOnTasks(absl::CivilDay day);
  void TryToReach(const Client& client, const Action& action);
  void TellAttendance(absl::CivilDay day);
  void ReportCoverage(absl::CivilDay day);
  void LookAtSafetyNet(const std::string& token);

  const Frame frame_;
  const std::vector<Client>& script_;
  Caller& caller_;
  ManualClock& clock_;
  const std::vector<pipeline::Pipeline*> pipelines_;
  const std::function<void(double, absl::CivilDay)> told_;
  std::map<std::pair<absl::CivilDay, Slot>, std::vector<std::pair<const Client*, const Action*>>> agenda_;
  std::map<absl::CivilDay, std::vector<std::pair<const Client*, const Mark*>>> evenings_;
  int marks_ = 0;

  absl::Mutex mutex_;
  // Written in replies, read when all have come: the mutex keeps replies apart.
  std::vector<std::string> names_;      // By client number - 1.
  std::vector<std::string> referrals_;  // The same.
  std::map<std::string, int> numbers_;
  std::map<std::string, std::vector<Task>> lists_;
  std::set<std::string> outreach_tasks_;
  std::set<std::string> outreach_subjects_;
  std::set<std::string> unheld_;
};

}  // namespace polku::demo
