-- How many clients a pathway has: its quotas.
CREATE INDEX referral_by_pathway ON referral (pathway, state);
