-- One row a client. next_step_us: the last instant by which a finding opens or is looked at again.
CREATE TABLE journey (
  client TEXT NOT NULL PRIMARY KEY,
  open BIGINT NOT NULL,
  owner TEXT NOT NULL,
  next_step_us BIGINT,
  open_interruptions BIGINT NOT NULL,
  pathway TEXT NOT NULL,
  coordinator TEXT NOT NULL
);
CREATE INDEX journey_by_next_step ON journey (open, next_step_us);
-- Planned and running measures: which clients wait for which source.
CREATE TABLE measure (
  measure TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  source TEXT NOT NULL,
  phase BIGINT NOT NULL
);
CREATE INDEX measure_by_client ON measure (client);
-- Clients with findings that a source holds back.
CREATE TABLE held (
  source TEXT NOT NULL,
  client TEXT NOT NULL,
  holds BIGINT NOT NULL,
  PRIMARY KEY (source, client)
);
CREATE TABLE open_interruption (
  interruption TEXT NOT NULL PRIMARY KEY,
  rule BIGINT NOT NULL,
  measure TEXT NOT NULL,
  counted_from_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  rules_version TEXT NOT NULL
);
CREATE INDEX open_interruption_by_due ON open_interruption (due_us, interruption);
-- Written by events: they stay when the interruption has left the state.
CREATE TABLE found_interruption (
  interruption TEXT NOT NULL PRIMARY KEY,
  rule BIGINT NOT NULL,
  measure TEXT NOT NULL,
  counted_from_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  rules_version TEXT NOT NULL
);
CREATE TABLE amended_interruption (
  interruption TEXT NOT NULL PRIMARY KEY,
  counted_from_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL
);
CREATE TABLE ended_interruption (
  interruption TEXT NOT NULL PRIMARY KEY,
  state BIGINT NOT NULL,
  outcome BIGINT NOT NULL,
  end_us BIGINT NOT NULL
);
CREATE INDEX ended_interruption_by_state ON ended_interruption (state, interruption);
-- The latest revision of every mark. day is a number, 20260309.
CREATE TABLE mark (
  measure TEXT NOT NULL,
  day BIGINT NOT NULL,
  session BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  status BIGINT NOT NULL,
  minutes BIGINT NOT NULL,
  PRIMARY KEY (measure, day, session)
);
CREATE TABLE source (
  source TEXT NOT NULL PRIMARY KEY,
  provider TEXT NOT NULL,
  complete_through_us BIGINT,
  reporting_interval_us BIGINT NOT NULL,
  last_report_us BIGINT NOT NULL,
  silent BIGINT NOT NULL
);
