DROP TABLE plugin_plan;
