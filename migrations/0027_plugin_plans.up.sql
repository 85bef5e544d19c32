-- Plans that wait to be applied, for processes that did not make them. Only filled while several share the database.
CREATE TABLE plugin_plan (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    -- What was asked for, as JSON.
    asked TEXT NOT NULL,
    -- The bundle that it brings, whose pieces are in plugin_bundle_piece.
    bundle_sha256 VARCHAR(64),
    -- Of the plan as it was offered.
    hash VARCHAR(64) NOT NULL,
    expires_time BIGINT NOT NULL
);
