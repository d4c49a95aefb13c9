-- Names from before a merge or split, with commas between: a referrer knows its referral by them.
ALTER TABLE referral ADD COLUMN former_names TEXT NOT NULL DEFAULT '';
