// Page tokens (AIP-158): where a list goes on, closed to the caller's eyes and hands.
#pragma once

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "libs/store/database.h"

namespace polku::rpc {

// Thread-safe.
class Pager {
 public:
  // The rows wanted now. Read one more than `limit` to see whether there is a next page.
  struct Cursor {
    int limit = 0;
    store::Row after;  // Key of the last row of the previous page; empty on the first page.
  };

  // `hash_key` is the 32 bytes of store::Database::hash_key(); tokens of another database do not open.
  explicit Pager(absl::string_view hash_key);

  // `query_fingerprint` is a text of everything that decides which rows are in the list and in what order:
  // method, filters, principal's organisation where it matters. The page size may change between pages.
  // A page size of 0 gives `size_default`; one above `size_max` gives `size_max`.
  // Errors: kInvalidArgument at "page_size" when negative, at "page_token" when the token is damaged, of
  // another query or of another database.
  absl::StatusOr<Cursor> Open(absl::string_view query_fingerprint, absl::string_view page_token, int page_size,
                              int size_default = 50, int size_max = 200) const;

  // The token for the page after `last_key`. The same arguments give the same token.
  std::string Seal(absl::string_view query_fingerprint, const store::Row& last_key) const;

 private:
  std::string seal_key_;   // For the AEAD.
  std::string nonce_key_;  // For the nonce, which is a keyed hash of what is sealed.
};

}  // namespace polku::rpc
