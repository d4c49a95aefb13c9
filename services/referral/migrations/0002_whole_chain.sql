-- What the referrer hears beyond the answer, and by whom a new person is compared.
ALTER TABLE referral ADD COLUMN linked_referral TEXT NOT NULL DEFAULT '';
ALTER TABLE referral ADD COLUMN close_us BIGINT;
ALTER TABLE referral ADD COLUMN waiting_us BIGINT;
ALTER TABLE referral ADD COLUMN overdue BIGINT NOT NULL DEFAULT 0;
ALTER TABLE referral ADD COLUMN service_event BIGINT NOT NULL DEFAULT 0;

-- Keyed hashes only; see domain/fingerprints.h.
CREATE TABLE person_fingerprint (
  client TEXT NOT NULL PRIMARY KEY,
  birth_date TEXT NOT NULL,
  family_name TEXT NOT NULL,
  given_name TEXT NOT NULL,
  has_identity_code BIGINT NOT NULL
);
CREATE INDEX person_by_birth_date ON person_fingerprint (birth_date);
