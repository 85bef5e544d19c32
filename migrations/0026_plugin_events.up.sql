-- Events that plugins have not handled yet: a row for each plugin that is to get one.
CREATE TABLE plugin_event (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Who is to get it.
    plugin_id VARCHAR(32) NOT NULL REFERENCES plugin (id) ON DELETE CASCADE,
    -- The plugin that published it, or core.
    source VARCHAR(32) NOT NULL,
    name VARCHAR(64) NOT NULL,
    -- JSON.
    data TEXT NOT NULL,
    created_time BIGINT NOT NULL,
    -- How often it was given to the plugin.
    attempts BIGINT NOT NULL,
    -- From when it may be given to it again; while it is, a moment after it should have ended.
    due_time BIGINT NOT NULL
);

CREATE INDEX plugin_event_plugin ON plugin_event (plugin_id, id);
CREATE INDEX plugin_event_due ON plugin_event (due_time);
