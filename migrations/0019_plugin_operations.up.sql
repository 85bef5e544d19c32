-- What was done with plugins: the journal that a start after a crash finishes or takes back, and the
-- record of who did what.
CREATE TABLE plugin_operation (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    plugin_id VARCHAR(32) NOT NULL,
    operation VARCHAR(32) NOT NULL,
    from_version VARCHAR(64),
    to_version VARCHAR(64),
    -- Who asked; NULL for the server itself.
    user_id BIGINT,
    username VARCHAR(64),
    -- Of the plan that was applied.
    plan_hash VARCHAR(64),
    -- running, done, undone, refused
    state VARCHAR(16) NOT NULL,
    -- The last step that was begun.
    step VARCHAR(16),
    -- 1 from the step on after which it can only be finished.
    settled INTEGER NOT NULL,
    -- How to take it back, as JSON.
    remedy TEXT NOT NULL,
    -- Of the plugin's row, as JSON; NULL where there is none.
    before_state TEXT,
    after_state TEXT,
    error TEXT,
    began_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX plugin_operation_state ON plugin_operation (state);
CREATE INDEX plugin_operation_plugin ON plugin_operation (plugin_id, id);
