-- When the jobs of plugins ran last, and which run now. A job that never ran has no row.
CREATE TABLE plugin_job (
    plugin_id VARCHAR(32) NOT NULL REFERENCES plugin (id) ON DELETE CASCADE,
    name VARCHAR(64) NOT NULL,
    -- The last moment of its timetable that somebody has taken; 0 for none.
    due_time BIGINT NOT NULL,
    -- Until when a process has it; NULL while none does.
    taken_until BIGINT,
    began_time BIGINT NOT NULL,
    -- Of the last run that has ended: done, failed, panicked, timeout, interrupted.
    outcome VARCHAR(16),
    reason TEXT,
    duration_ms BIGINT,
    PRIMARY KEY (plugin_id, name)
);
