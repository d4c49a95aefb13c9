-- Days are ISO texts, "2026-03-02".
ALTER TABLE coordinator ADD COLUMN absences TEXT NOT NULL DEFAULT '';   -- "START/END START/END ...".
ALTER TABLE coordinator ADD COLUMN leave_day TEXT NOT NULL DEFAULT '';  -- Empty: stays.

CREATE TABLE coordinator_absence (
  substitute TEXT NOT NULL,
  coordinator TEXT NOT NULL,
  start_day TEXT NOT NULL,
  end_day TEXT NOT NULL,  -- The last day.
  PRIMARY KEY (substitute, coordinator, start_day)
);

ALTER TABLE task ADD COLUMN rung BIGINT NOT NULL DEFAULT 0;

ALTER TABLE assignment ADD COLUMN handing_over_to TEXT NOT NULL DEFAULT '';
