-- Marks are by far the most rows: by number of the client, close together, the name of the measure without the client's.
-- A client's name has 44 characters, "/measures/" 10.
CREATE TABLE mark_by_key (
  key_id BIGINT NOT NULL,
  measure TEXT NOT NULL,
  day BIGINT NOT NULL,
  session BIGINT NOT NULL,
  revision BIGINT NOT NULL,
  status BIGINT NOT NULL,
  minutes BIGINT NOT NULL,
  PRIMARY KEY (key_id, measure, day, session)
) WITHOUT ROWID;
INSERT INTO mark_by_key
  SELECT k.id, substr(m.measure, 55), m.day, m.session, m.revision, m.status, m.minutes
  FROM mark m JOIN aggregate_key k ON k.text = substr(m.measure, 1, 44);
DROP TABLE mark;
ALTER TABLE mark_by_key RENAME TO mark;
