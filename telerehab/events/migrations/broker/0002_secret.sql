-- What every service must know alike: the key of the hashes that order events.
CREATE TABLE broker.secret (
    name text PRIMARY KEY,
    value bytea NOT NULL
);
INSERT INTO broker.secret SELECT 'event-key', sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()));
