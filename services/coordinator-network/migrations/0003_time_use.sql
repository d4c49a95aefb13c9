-- Working time as coordinators recorded it. Grows with every entry; derived from the journal.
CREATE TABLE time_use (
  entry TEXT NOT NULL PRIMARY KEY,  -- "coordinators/X/timeUse/N".
  coordinator TEXT NOT NULL,
  day TEXT NOT NULL,                -- "YYYY-MM-DD".
  month TEXT NOT NULL,              -- "YYYY-MM".
  activity TEXT NOT NULL,
  minutes BIGINT NOT NULL           -- 0 when voided.
);
CREATE INDEX time_use_by_month ON time_use (coordinator, month, activity);
CREATE INDEX time_use_by_day ON time_use (coordinator, day);
