-- Week (of the epoch) of the earliest limit that is not reached yet: who is at risk.
ALTER TABLE journey ADD COLUMN limit_week BIGINT;
CREATE INDEX journey_by_limit ON journey (limit_week, client);
-- Who has a measure of a provider: its closed days are told to them.
ALTER TABLE measure ADD COLUMN provider TEXT NOT NULL DEFAULT '';
CREATE INDEX measure_by_provider ON measure (provider, client);
