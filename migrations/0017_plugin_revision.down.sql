DROP TABLE plugin_revision;
