-- Notices and announcements. Times are Unix milliseconds.
CREATE TABLE sys_notice (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    title VARCHAR(64) NOT NULL,
    -- 0 notice, 1 announcement
    type SMALLINT NOT NULL,
    -- 0 hidden, 1 shown
    status SMALLINT NOT NULL,
    -- Markdown
    content TEXT NOT NULL,
    created_time BIGINT NOT NULL,
    updated_time BIGINT
);

CREATE INDEX sys_notice_created_time ON sys_notice (created_time);
