DROP TABLE plugin_kept;
