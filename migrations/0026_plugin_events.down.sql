DROP TABLE plugin_event;
