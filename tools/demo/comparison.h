// What the product found, beside what the script says must be found.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "tools/demo/caller.h"
#include "tools/demo/office.h"
#include "tools/demo/script.h"

namespace polku::demo {

struct Found {
  std::vector<Break> breaks;                  // Of every state, sorted.
  std::vector<std::string> without_outreach;  // Interruptions of any state that never stood on a list.
  int referrals = 0;
  int journeys = 0;  // Referrals whose journey has been opened, by what the referrer is told.
};

// Asks the product, page by page.
Found AskWhatWasFound(const Office& office, Caller& caller);

struct Comparison {
  std::vector<Break> missing;   // Expected, not found.
  std::vector<Break> surplus;   // Found, not expected.
  std::map<int, int> expected;  // By rule, without the retracted ones.
  std::map<int, int> found;
  int all_expected = 0;  // Sums of the two.
  int all_found = 0;
  int all_retracted = 0;  // Found, and retracted since.
};
Comparison Compare(const std::vector<Client>& script, const std::vector<Break>& found);

}  // namespace polku::demo
