// The shipped pathways that the demo's clients go along.
#pragma once

#include <vector>

#include "absl/status/statusor.h"
#include "libs/pathway/catalogue.h"
#include "tools/demo/script.h"

namespace polku::demo {

// `job_seekers` unemployed clients on the pathway of Kainuu, and of the others in proportion.
// Errors: kNotFound when a definition or what the demo needs of it is missing.
absl::StatusOr<std::vector<Course>> CoursesOf(const pathway::Catalogue& catalogue, int job_seekers);

}  // namespace polku::demo
