-- What plugins have been granted of what their manifests ask for.
CREATE TABLE plugin_capability (
    plugin_id VARCHAR(32) NOT NULL,
    capability VARCHAR(32) NOT NULL,
    -- How far it reaches: a host, another plugin; empty where there is no more to say.
    detail VARCHAR(255) NOT NULL,
    -- The name of the user who granted it, where that is known.
    granted_by VARCHAR(64),
    granted_time BIGINT NOT NULL,
    PRIMARY KEY (plugin_id, capability, detail)
);
