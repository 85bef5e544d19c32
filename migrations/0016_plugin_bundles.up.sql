-- The bundles of installed versions in pieces, for processes whose store lacks them. Only filled while
-- several processes share the database.
CREATE TABLE plugin_bundle_piece (
    -- Of the whole bundle.
    sha256 VARCHAR(64) NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (sha256, position)
);
