-- What clients let organisations know, as the referral service told it. Grows with every permission; derived
-- from the journal.
CREATE TABLE permission (
  permission TEXT NOT NULL PRIMARY KEY,  -- "clients/C/permissions/P".
  client TEXT NOT NULL,
  purpose TEXT NOT NULL,
  organisation TEXT NOT NULL,
  classes TEXT NOT NULL,   -- Joined by single spaces.
  from_day TEXT NOT NULL,  -- "YYYY-MM-DD".
  to_day TEXT NOT NULL,    -- The last day; empty: until withdrawn.
  denial BIGINT NOT NULL
);
CREATE INDEX permission_by_client ON permission (client);

CREATE TABLE permission_end (
  permission TEXT NOT NULL PRIMARY KEY,
  withdraw_us BIGINT NOT NULL
);
