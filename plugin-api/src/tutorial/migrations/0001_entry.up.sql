CREATE TABLE guestbook_entry (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author VARCHAR(64) NOT NULL,
    text TEXT NOT NULL,
    created_ms BIGINT NOT NULL
);
