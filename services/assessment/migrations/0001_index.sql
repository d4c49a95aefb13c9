-- What ListAssessments reads. One row an assessment: ids, codes and instants.
CREATE TABLE assessment (
  assessment TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  referral TEXT NOT NULL,
  unit TEXT NOT NULL,
  pathway TEXT NOT NULL,
  pathway_version BIGINT NOT NULL,
  state BIGINT NOT NULL,
  open_us BIGINT NOT NULL,
  deadline_us BIGINT NOT NULL,
  complete_us BIGINT
);
CREATE INDEX assessment_by_deadline ON assessment (deadline_us, assessment);
CREATE INDEX assessment_by_state ON assessment (state, deadline_us, assessment);
