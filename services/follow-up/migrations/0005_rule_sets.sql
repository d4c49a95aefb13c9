-- Rule sets that were activated, and which journeys are followed by which.
CREATE TABLE active_rules (
  version TEXT NOT NULL PRIMARY KEY,
  replaces TEXT NOT NULL,
  activate_us BIGINT NOT NULL
);
ALTER TABLE journey ADD COLUMN rules_version TEXT NOT NULL DEFAULT '';
CREATE INDEX journey_by_rules ON journey (rules_version, client);
