-- Why an assessment was opened: AssessmentReason; 0 = before there were reasons.
ALTER TABLE assessment ADD COLUMN reason BIGINT NOT NULL DEFAULT 0;
