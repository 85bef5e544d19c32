-- Uninstalled plugins whose data was kept: what has neither such an owner nor an installed one has none.
CREATE TABLE plugin_kept (
    plugin_id VARCHAR(32) NOT NULL PRIMARY KEY,
    -- As it was uninstalled, the descriptor as JSON; NULL from before this table.
    version VARCHAR(64),
    descriptor TEXT,
    kept_time BIGINT
);
INSERT INTO plugin_kept (plugin_id)
SELECT left_behind.plugin_id FROM (
    SELECT substr(name, 13) AS plugin_id FROM sqlite_master
    WHERE type = 'table' AND substr(name, 1, 12) = '_migrations_'
    UNION SELECT plugin_id FROM plugin_setting
    UNION SELECT plugin_id FROM sys_menu WHERE plugin_id IS NOT NULL
) AS left_behind
WHERE left_behind.plugin_id NOT IN (SELECT id FROM plugin);
