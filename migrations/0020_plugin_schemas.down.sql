DROP TABLE plugin_snapshot;
DROP TABLE plugin_table;
