-- Further entries begin above the core's. SQLite goes on after the largest id by itself.
UPDATE sqlite_sequence SET seq = 100 WHERE name = 'sys_menu' AND seq < 100;
