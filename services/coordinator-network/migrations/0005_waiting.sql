-- Of a task about the outreach breaker, which is about no client: how many interruptions wait for it.
ALTER TABLE task ADD COLUMN waiting BIGINT NOT NULL DEFAULT 0;
