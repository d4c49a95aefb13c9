-- How far each journey came, outreach that was asked for, and who came back: what GetSteeringReport counts. Written by
-- events, from this version on. Days are numbers, 20260309.
CREATE TABLE opened_journey (
  client TEXT NOT NULL PRIMARY KEY,
  open_us BIGINT NOT NULL,
  day BIGINT NOT NULL,
  pathway TEXT NOT NULL,
  municipality TEXT NOT NULL,
  segment BIGINT NOT NULL
);
CREATE INDEX opened_journey_by_time ON opened_journey (open_us);
-- reason 0: it goes on after all.
CREATE TABLE closed_journey (
  client TEXT NOT NULL PRIMARY KEY,
  close_us BIGINT NOT NULL,
  reason BIGINT NOT NULL
);
-- Completed assessments and approved plans.
CREATE TABLE passed_stage (
  subject TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  stage BIGINT NOT NULL,
  time_us BIGINT NOT NULL
);
CREATE INDEX passed_stage_by_client ON passed_stage (client, stage, time_us);
CREATE TABLE measure_start (
  measure TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  day BIGINT NOT NULL
);
CREATE INDEX measure_start_by_client ON measure_start (client, day);
CREATE TABLE outreach (
  interruption TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  rule BIGINT NOT NULL,
  request_us BIGINT NOT NULL,
  day BIGINT NOT NULL
);
CREATE INDEX outreach_by_time ON outreach (request_us);
