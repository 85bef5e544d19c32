DROP TABLE plugin_setting;
DROP TABLE plugin_version;
DROP TABLE plugin;
