DROP TABLE plugin_capability;
