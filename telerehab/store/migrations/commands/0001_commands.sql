-- Commands that were done, by caller and key, so that a repeated one gets its first answer.

CREATE TABLE command (
    key bytea PRIMARY KEY,                      -- hash of the caller and the key it gave
    request bytea NOT NULL,                     -- hash of the request
    answer bytea NOT NULL,
    times timestamptz[] NOT NULL,               -- last_updated of each row written, schema by schema
    created timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX command_created ON command (created);
