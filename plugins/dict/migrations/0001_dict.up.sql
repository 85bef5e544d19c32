-- Dictionaries: a type is one of them, its data are the entries. Times are Unix milliseconds.
CREATE TABLE sys_dict_type (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name VARCHAR(32) NOT NULL,
    code VARCHAR(32) NOT NULL UNIQUE,
    remark TEXT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT,
    -- What the entries refer to.
    UNIQUE (id, code)
);

-- An entry repeats the code of its type, because most readers know only the code. The reference
-- keeps the copy true: it changes with the type's code and goes with the type.
CREATE TABLE sys_dict_data (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    type_id BIGINT NOT NULL,
    type_code VARCHAR(32) NOT NULL,
    label VARCHAR(32) NOT NULL,
    value VARCHAR(32) NOT NULL,
    color VARCHAR(32),
    sort INTEGER NOT NULL,
    -- 0 disabled, 1 enabled
    status SMALLINT NOT NULL,
    remark TEXT,
    created_time BIGINT NOT NULL,
    updated_time BIGINT,
    UNIQUE (type_id, label),
    FOREIGN KEY (type_id, type_code) REFERENCES sys_dict_type (id, code) ON UPDATE CASCADE ON DELETE CASCADE
);

-- The orders in which entries are listed: all of them, those of a type, those of a code.
CREATE INDEX sys_dict_data_sort ON sys_dict_data (sort, id);
CREATE INDEX sys_dict_data_type_id ON sys_dict_data (type_id, sort, id);
CREATE INDEX sys_dict_data_type_code ON sys_dict_data (type_code, sort, id);
