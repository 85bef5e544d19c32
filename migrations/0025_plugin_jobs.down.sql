DROP TABLE plugin_job;
