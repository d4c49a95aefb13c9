-- What ListReferrals reads. One row a referral: ids, codes and instants, nothing of the person.
CREATE TABLE referral (
  referral TEXT NOT NULL PRIMARY KEY,
  client TEXT NOT NULL,
  referrer TEXT NOT NULL,
  receiving_unit TEXT NOT NULL,
  segment BIGINT NOT NULL,
  needs TEXT NOT NULL,
  state BIGINT NOT NULL,
  pathway TEXT NOT NULL,
  pathway_version BIGINT NOT NULL,
  decline_reason BIGINT NOT NULL,
  create_us BIGINT NOT NULL,
  answer_us BIGINT
);
CREATE INDEX referral_by_time ON referral (create_us, referral);
CREATE INDEX referral_by_unit ON referral (receiving_unit, create_us, referral);
CREATE INDEX referral_by_referrer ON referral (referrer, create_us, referral);
