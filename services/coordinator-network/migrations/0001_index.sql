-- What matching and the lists are read from. Rows are derived from the aggregates; instants are
-- microseconds since the Unix epoch; code lists are joined by single spaces.

-- One row per client whose support is open.
CREATE TABLE assignment (
  client TEXT NOT NULL PRIMARY KEY,
  coordinator TEXT NOT NULL,   -- Empty when nobody is available.
  state BIGINT NOT NULL,       -- AssignmentState.
  municipality TEXT NOT NULL,  -- Of the client; empty when protected.
  assign_us BIGINT,
  accept_us BIGINT
);
CREATE INDEX assignment_by_coordinator ON assignment (coordinator, state, client);

-- Open tasks.
CREATE TABLE task (
  task TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  coordinator TEXT NOT NULL,
  kind BIGINT NOT NULL,
  rule BIGINT NOT NULL,
  subject TEXT NOT NULL,
  measure TEXT NOT NULL,
  create_us BIGINT NOT NULL,
  due_us BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  last_outcome BIGINT NOT NULL,
  next_step_required BIGINT NOT NULL
);
CREATE INDEX task_worklist ON task (coordinator, due_us, task);
CREATE INDEX task_unattempted ON task (kind, attempts, due_us);

CREATE TABLE coordinator (
  coordinator TEXT NOT NULL PRIMARY KEY,
  organisation TEXT NOT NULL,
  municipalities TEXT NOT NULL,
  segment_mask BIGINT NOT NULL,  -- Bit N is Segment N.
  languages TEXT NOT NULL,
  competences TEXT NOT NULL,
  capacity BIGINT NOT NULL,
  accepted BIGINT NOT NULL,
  last_accept_us BIGINT
);

CREATE TABLE coordinator_municipality (
  municipality TEXT NOT NULL,
  coordinator TEXT NOT NULL,
  segment_mask BIGINT NOT NULL,
  PRIMARY KEY (municipality, coordinator)
);
