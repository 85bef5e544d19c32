DROP TABLE plugin_operation;
