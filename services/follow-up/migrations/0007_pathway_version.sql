-- Which journeys are on which version of a pathway.
ALTER TABLE journey ADD COLUMN pathway_version BIGINT NOT NULL DEFAULT 0;
CREATE INDEX journey_by_pathway ON journey (pathway, pathway_version, client);
