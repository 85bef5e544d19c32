-- Ids are never reused: nothing to take back.
SELECT 1;
