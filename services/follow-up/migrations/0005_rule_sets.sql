-- Outreach that was asked for, and starts of measures: with marks and contacts they tell who came back when.
CREATE TABLE outreach (
  interruption TEXT NOT NULL PRIMARY KEY,
  rule BIGINT NOT NULL,
  measure TEXT NOT NULL,
  request_us BIGINT NOT NULL
);
CREATE TABLE measure_start (
  measure TEXT NOT NULL PRIMARY KEY,
  day BIGINT NOT NULL
);
-- Rule sets that were activated, and which journeys are followed by which.
CREATE TABLE active_rules (
  version TEXT NOT NULL PRIMARY KEY,
  replaces TEXT NOT NULL,
  activate_us BIGINT NOT NULL
);
ALTER TABLE journey ADD COLUMN rules_version TEXT NOT NULL DEFAULT '';
CREATE INDEX journey_by_rules ON journey (rules_version, client);
