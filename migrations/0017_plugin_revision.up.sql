-- Counts changes of the rows of plugins, so that a process knows whether it has seen the last one.
CREATE TABLE plugin_revision (
    id INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    revision BIGINT NOT NULL
);
INSERT INTO plugin_revision (id, revision) VALUES (1, 0);
