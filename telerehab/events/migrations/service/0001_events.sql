-- What events need beside the outbox and inbox of a service's schema (search_path).

-- Who relays this schema's outbox, until when; the epoch fences off whoever did before.
CREATE TABLE relay_lease (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    epoch bigint NOT NULL,
    holder uuid NOT NULL,
    until timestamptz NOT NULL
);
INSERT INTO relay_lease (epoch, holder, until)
VALUES (0, '00000000-0000-0000-0000-000000000000', '-infinity');

-- Safety events are relayed before all others.
CREATE INDEX outbox_safety ON outbox (id) WHERE topic = 'telerehab.safety';

-- Events that a handler has not managed yet: `retrying` on its own, `lacking` something that another event will
-- bring, `waiting` behind an earlier one of its lane, or `dead` until a person replays or discards it. A lane is the
-- event's key, or for safety events, which never wait, the event's id.
CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    handler text NOT NULL,
    lane bytea NOT NULL,
    event_id uuid NOT NULL,
    key bytea NOT NULL,
    topic text NOT NULL,
    headers jsonb NOT NULL,
    payload bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('retrying', 'lacking', 'waiting', 'dead')),
    failures integer NOT NULL DEFAULT 0,
    error text NOT NULL DEFAULT '',
    due timestamptz NOT NULL DEFAULT clock_timestamp(),
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (handler, event_id)
);
CREATE INDEX dead_letter_lane ON dead_letter (handler, lane, id);
CREATE INDEX dead_letter_due ON dead_letter (due) WHERE state <> 'dead';
