#include "tools/demo/courses.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "libs/base/status_macros.h"
#include "libs/pathway/steps.h"

namespace polku::demo {
namespace {

using pathway::v1::PathwayDefinition;

// The job seekers of Kainuu, July 2018, for whom the numbers of the other courses are chosen.
constexpr int kJobSeekers = 3759;

Offer Weekly(const char* type, std::vector<int> weekdays, int from_minute, int to_minute) {
  Offer offer;
  offer.type = type;
  offer.weekdays = std::move(weekdays);
  offer.start_minute = from_minute;
  offer.end_minute = to_minute;
  return offer;
}
Offer Direct(Offer offer) {
  offer.by_feed = false;
  return offer;
}
Offer AtSite(Offer offer) {
  offer.by_feed = false;
  offer.at_site = true;
  offer.in_groups = true;
  return offer;
}

Course JobSeekers() {
  Course course;
  course.pathway = "kainuu-unemployed";
  course.segment = common::v1::SEGMENT_UNEMPLOYED;
  course.life = Life::kJobSeekers;
  course.clients = kJobSeekers;
  course.referrer = "organisations/employment-area";
  course.taker = "organisations/rehabilitation-clinic";
  course.often = {Weekly("rehabilitative-work", {2, 4}, 9 * 60, 14 * 60),
                  Weekly("work-trial", {1, 3, 5}, 8 * 60 + 30, 14 * 60 + 30),
                  Weekly("group-rehabilitation", {1, 4}, 10 * 60, 12 * 60)};
  course.seldom = {Direct(Weekly("physiotherapy", {2}, 10 * 60, 11 * 60)),
                   Weekly("job-coaching", {3}, 13 * 60, 14 * 60 + 30)};
  course.without_sessions = Direct(Weekly("vocational-rehabilitation", {}, 0, 0));
  return course;
}

// Every tenth of the 3,500 whom the county employs. Early support by lighter work, which ends within 92 days.
Course Employees() {
  Course course;
  course.pathway = "kainuu-employees";
  course.segment = common::v1::SEGMENT_EMPLOYED;
  course.life = Life::kEmployees;
  course.clients = 350;
  course.referrer = "organisations/wellbeing-services-county";
  course.referrer_kind = common::v1::ORGANISATION_KIND_EMPLOYER;
  course.rates_ability = true;
  course.taker = "organisations/tyoterveys";
  course.taken_step = "enhanced-support";
  course.often = {Weekly("modified-work", {2, 4}, 8 * 60, 12 * 60),
                  Weekly("modified-work", {1, 3, 5}, 9 * 60, 13 * 60)};
  course.without_sessions = Direct(Weekly("modified-work", {}, 0, 0));
  course.open_ended_days = 10;
  return course;
}

// On-the-job learning has a weekly minimum of two days: with four days a week one may be missed, also in Easter week.
Course Students() {
  Course course;
  course.pathway = "validia-fokus";
  course.segment = common::v1::SEGMENT_STUDENT;
  course.life = Life::kStudents;
  course.clients = 120;
  course.referrer = "organisations/vocational-college";
  course.referrer_kind = common::v1::ORGANISATION_KIND_EDUCATION;
  course.outcome = "employment";
  course.often = {Weekly("on-the-job-learning", {1, 2, 4, 5}, 8 * 60, 14 * 60)};
  return course;
}

Course OutsideServices() {
  Course course;
  course.pathway = "savon-ote";
  course.segment = common::v1::SEGMENT_OUTSIDE_SERVICES;
  course.life = Life::kOutsideServices;
  course.clients = 160;
  course.referrer = "organisations/outreach-team";
  course.often = {AtSite(Weekly("club", {2, 4}, 10 * 60, 12 * 60)),
                  AtSite(Weekly("peer-group", {1, 3}, 13 * 60, 14 * 60 + 30))};
  course.seldom = {AtSite(Weekly("outreach-day-activity", {5}, 9 * 60, 12 * 60))};
  course.without_sessions = AtSite(Weekly("outreach-day-activity", {}, 0, 0));
  return course;
}

Course Backs(common::v1::Segment segment, int clients) {
  Course course;
  course.pathway = "keski-suomi-iskias";
  course.segment = segment;
  course.life = Life::kBacks;
  course.clients = clients;
  course.referrer = "organisations/hospital";
  course.referrer_kind = common::v1::ORGANISATION_KIND_WELLBEING_SERVICES_COUNTY;
  course.often = {Weekly("back-rehabilitation", {1, 4}, 9 * 60, 10 * 60)};
  course.seldom = {Direct(Weekly("back-rehabilitation", {}, 0, 0))};
  course.without_sessions = Direct(Weekly("imaging", {}, 0, 0));
  return course;
}

// What the definition says of transitions to the step that is handed over, and of imaging.
absl::Status TakeSteps(const PathwayDefinition& definition, Course& course) {
  course.accept_office_days = course.rules.transition_accept_office_days();
  for (const pathway::v1::TransitionTerms& terms : definition.transitions()) {
    if (terms.to() == course.taken_step && terms.accept_office_days() > 0) {
      course.accept_office_days = terms.accept_office_days();
    }
  }
  for (const pathway::v1::Role& role : definition.roles()) {
    for (const pathway::v1::RolePlayer& player : role.players()) {
      for (const std::string& municipality : player.municipalities()) {
        course.sites[municipality] = player.organisation();
      }
    }
  }
  if (course.life != Life::kBacks) return absl::OkStatus();
  const pathway::v1::Step* imaging = pathway::FindStep(definition, "imaging");
  if (imaging == nullptr) return absl::NotFoundError(absl::StrCat(definition.id(), " has no step imaging"));
  course.imaging_within_office_days = imaging->start_within_office_days();
  return absl::OkStatus();
}

absl::Status Fill(const pathway::Catalogue& catalogue, int job_seekers, Course& course) {
  const PathwayDefinition* definition = catalogue.Find(course.pathway);
  if (definition == nullptr) return absl::NotFoundError(absl::StrCat("there is no pathway ", course.pathway));
  const auto* rules = catalogue.RulesOn(course.pathway, definition->version(), definition->rules());
  if (rules == nullptr) return absl::NotFoundError(absl::StrCat("there is no rule set ", definition->rules()));
  course.rules = *rules;
  course.assessment_days = definition->assessment().complete_within_days();
  for (const auto& municipality : definition->entry().municipalities()) {
    course.municipalities.push_back(municipality.code());
  }
  course.needs.assign(definition->entry().needs().begin(), definition->entry().needs().end());
  course.clients = std::max(1, static_cast<int>(int64_t{course.clients} * job_seekers / kJobSeekers));
  for (const pathway::v1::Quota& quota : definition->entry().quotas()) {
    if (quota.segment() == course.segment) course.clients = std::min(course.clients, quota.places());
  }
  return TakeSteps(*definition, course);
}

}  // namespace

absl::StatusOr<std::vector<Course>> CoursesOf(const pathway::Catalogue& catalogue, int job_seekers) {
  std::vector<Course> courses = {JobSeekers(),
                                 Employees(),
                                 Students(),
                                 OutsideServices(),
                                 Backs(common::v1::SEGMENT_EMPLOYED, 90),
                                 Backs(common::v1::SEGMENT_UNEMPLOYED, 30)};
  for (Course& course : courses) RETURN_IF_ERROR(Fill(catalogue, job_seekers, course));
  return courses;
}

}  // namespace polku::demo
