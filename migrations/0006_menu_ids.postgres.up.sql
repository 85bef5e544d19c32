-- Further entries begin above the core's. Explicit ids don't move a sequence by themselves.
SELECT setval(pg_get_serial_sequence('sys_menu', 'id'), 100);
