-- Who has a place in a provider's group, by plans in force. Days are numbers, 20260309.
CREATE TABLE group_place (
  measure TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  provider TEXT NOT NULL,
  group_code TEXT NOT NULL,
  first_day BIGINT NOT NULL,
  last_day BIGINT NOT NULL
);
CREATE INDEX group_place_by_group ON group_place (provider, group_code, last_day);
