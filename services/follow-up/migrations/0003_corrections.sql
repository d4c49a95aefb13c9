-- An open interruption whose outreach is not asked for yet.
ALTER TABLE open_interruption ADD COLUMN outreach_waits BIGINT NOT NULL DEFAULT 0;
-- Contacts and meetings with a client by organisation, and contacts that were recorded by mistake.
CREATE TABLE contact (
  contact TEXT NOT NULL,
  organisation TEXT NOT NULL,
  client TEXT NOT NULL,
  time_us BIGINT NOT NULL,
  meeting BIGINT NOT NULL,
  PRIMARY KEY (contact, organisation)
);
CREATE INDEX contact_by_client ON contact (client, time_us);
CREATE TABLE voided_contact (
  contact TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL
);
