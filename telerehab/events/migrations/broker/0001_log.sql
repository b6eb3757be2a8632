-- The PostgreSQL broker: an append-only log per topic, and where each group stands in it.

CREATE TABLE broker.topic (
    name text PRIMARY KEY,
    next_offset bigint NOT NULL DEFAULT 0
);

-- The newest epoch of each producer that has published: an older one is fenced off.
CREATE TABLE broker.producer (
    name text PRIMARY KEY,
    epoch bigint NOT NULL
);

CREATE TABLE broker.log (
    topic text NOT NULL,
    "offset" bigint NOT NULL,
    event_id uuid NOT NULL UNIQUE,
    key bytea NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    PRIMARY KEY (topic, "offset")
);

-- `holder` reads the topic for the group until `until`; `epoch` tells its claim from earlier ones.
CREATE TABLE broker.position (
    group_name text NOT NULL,
    topic text NOT NULL,
    next_offset bigint NOT NULL DEFAULT 0,
    epoch bigint NOT NULL DEFAULT 0,
    holder uuid,
    until timestamptz NOT NULL DEFAULT '-infinity',
    PRIMARY KEY (group_name, topic)
);

-- Appends records in the order given; offsets come from the locked topic's counter, so that a reader which has seen
-- an offset has seen all before it. False: the producer's epoch is over. Known event ids are left out.
CREATE FUNCTION broker.append(
    producer_name text, producer_epoch bigint,
    topics text[], event_ids uuid[], keys bytea[], headers text[], payloads bytea[]
) RETURNS boolean
LANGUAGE plpgsql
AS $$
DECLARE
    topic_name text;
    first_offset bigint;
    appended bigint;
BEGIN
    INSERT INTO broker.producer AS known (name, epoch) VALUES (producer_name, producer_epoch)
    ON CONFLICT (name) DO UPDATE SET epoch = excluded.epoch WHERE known.epoch <= excluded.epoch;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    FOR topic_name IN SELECT DISTINCT given FROM unnest(topics) AS given ORDER BY given LOOP
        INSERT INTO broker.topic (name) VALUES (topic_name) ON CONFLICT (name) DO NOTHING;
        SELECT next_offset INTO first_offset FROM broker.topic WHERE name = topic_name FOR UPDATE;
        INSERT INTO broker.log (topic, "offset", event_id, key, headers, payload)
        SELECT topic_name, first_offset + row_number() OVER (ORDER BY place) - 1,
               event_id, key, header::jsonb, payload
        FROM (
            SELECT DISTINCT ON (event_id) *
            FROM unnest(topics, event_ids, keys, headers, payloads) WITH ORDINALITY
                AS given (topic, event_id, key, header, payload, place)
            WHERE given.topic = topic_name
            ORDER BY event_id, place
        ) AS once
        WHERE NOT EXISTS (SELECT FROM broker.log AS known WHERE known.event_id = once.event_id);
        GET DIAGNOSTICS appended = ROW_COUNT;
        UPDATE broker.topic SET next_offset = first_offset + appended WHERE name = topic_name;
    END LOOP;
    RETURN true;
END
$$;

-- Claims for `holder` whichever topics nobody else holds, renews its own claims, and gives all it now holds.
CREATE FUNCTION broker.claim(claiming_group text, topics text[], claimant uuid, lease interval)
RETURNS TABLE (topic text, next_offset bigint, epoch bigint)
LANGUAGE sql
AS $$
    INSERT INTO broker.position (group_name, topic)
    SELECT claiming_group, wanted FROM unnest(topics) AS wanted ORDER BY wanted
    ON CONFLICT DO NOTHING;
    UPDATE broker.position AS claimed
    SET epoch = claimed.epoch + CASE WHEN claimed.holder = claimant THEN 0 ELSE 1 END,
        holder = claimant,
        until = clock_timestamp() + lease
    FROM (
        SELECT free.topic FROM broker.position AS free
        WHERE free.group_name = claiming_group AND free.topic = ANY (topics)
            AND (free.holder = claimant OR free.until < clock_timestamp())
        ORDER BY free.topic
        FOR UPDATE SKIP LOCKED
    ) AS free
    WHERE claimed.group_name = claiming_group AND claimed.topic = free.topic
    RETURNING claimed.topic, claimed.next_offset, claimed.epoch;
$$;
