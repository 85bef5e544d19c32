-- Secret settings are stored encrypted; 1 says that `value` is.
ALTER TABLE plugin_setting ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
