-- The shared catalogue: what providers offer. Days are ISO texts, "2026-03-02".
CREATE TABLE service (
  service TEXT NOT NULL PRIMARY KEY,  -- "organisations/O/services/S".
  organisation TEXT NOT NULL,
  segment_mask BIGINT NOT NULL,       -- Bit N is Segment N.
  without_referral BIGINT NOT NULL,
  from_day TEXT NOT NULL,             -- Empty: always.
  to_day TEXT NOT NULL,               -- The last day; empty: still.
  words TEXT NOT NULL                 -- The titles in small letters, a line each.
);

CREATE TABLE service_code (
  kind TEXT NOT NULL,  -- "municipality", "need", "measure-type".
  code TEXT NOT NULL,
  service TEXT NOT NULL,
  PRIMARY KEY (kind, code, service)
);
