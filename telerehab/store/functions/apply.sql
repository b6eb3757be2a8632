-- The one way to write: everything a write set holds, or nothing.
-- Counters come sorted by key, then guards and rows together by type and id; each is locked, or made, in that order,
-- so that nobody waits in a circle. A miss raises an SQLSTATE of our own: TR001 something relied on has changed,
-- TR002 a projection's constraint, TR003 an event already handled. The text of such an error names no content.
CREATE OR REPLACE FUNCTION apply(
    counters counter_write[],       -- expected null: only count up
    locks lock_write[],             -- guards (row 0) and rows (their number) with the version each must have (0: none)
    rows row_write[],               -- content null: a deletion
    dates date_write[],
    strings string_write[],
    numbers number_write[],
    refs reference_write[],
    events outbox_write[],
    handled inbox_write[],
    trail audit_write[],
    aliases alias_write[]{parameters}
) RETURNS timestamptz[]             -- last_updated of each row
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
SET plan_cache_mode = force_generic_plan
SET enable_seqscan = off            -- a plan made while a table is small must serve when it has grown
AS $apply$
DECLARE
    millisecond CONSTANT interval := '1 millisecond';
    counted counter_write;
    wanted lock_write;
    change row_write;
    rids bigint[] := '{}';
    times timestamptz[] := '{}';
    replaced int[];
    one bigint;
    before timestamptz;
    moment timestamptz;
    number int := 0;
    lacking int;
BEGIN
    IF counters IS NOT NULL THEN
        FOREACH counted IN ARRAY counters LOOP
            IF counted.expected IS NULL THEN
                INSERT INTO counter VALUES (counted.key, 1)
                    ON CONFLICT (key) DO UPDATE SET value = counter.value + 1;
                CONTINUE;
            END IF;
            IF counted.expected = 0 THEN
                INSERT INTO counter VALUES (counted.key, 0) ON CONFLICT (key) DO NOTHING;
            END IF;
            IF counted.bump THEN
                UPDATE counter SET value = value + 1 WHERE key = counted.key AND value = counted.expected;
            ELSE
                PERFORM FROM counter WHERE key = counted.key AND value = counted.expected FOR SHARE;
            END IF;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'missed'
                    USING ERRCODE = 'TR001', SCHEMA = '{schema_name}', TABLE = 'counter', DETAIL = counted.key;
            END IF;
        END LOOP;
    END IF;

    IF locks IS NOT NULL THEN
        FOREACH wanted IN ARRAY locks LOOP
            number := number + 1;
            IF wanted.row > 0 AND wanted.version = 0 THEN
                change := rows[wanted.row];
                moment := date_trunc('milliseconds', clock_timestamp());
                INSERT INTO resource
                    (type, id, version, last_updated, deleted, method, content, splice, event_key, patients, tok)
                    VALUES (
                        change.type, change.id, 1, moment, change.content IS NULL, change.method, change.content,
                        change.splice, change.event_key, change.patients, change.tok::bigint[]
                    )
                    ON CONFLICT ON CONSTRAINT resource_type_id DO NOTHING
                    RETURNING rid INTO one;
                rids[wanted.row] := one;
                times[wanted.row] := moment;
            ELSIF wanted.row > 0 THEN
                SELECT rid, last_updated INTO one, before FROM resource
                    WHERE type = wanted.type AND id = wanted.id AND version = wanted.version
                    FOR NO KEY UPDATE;
                rids[wanted.row] := one;
                times[wanted.row] := before + millisecond;
                replaced := replaced || wanted.row;
            ELSIF wanted.version > 0 THEN
                PERFORM FROM resource
                    WHERE type = wanted.type AND id = wanted.id AND version = wanted.version
                    FOR SHARE;
            ELSE
                -- An absent row cannot be locked: one put in and taken out makes whoever creates it wait for us.
                INSERT INTO resource
                    (type, id, version, last_updated, deleted, method, splice, event_key, patients, tok)
                    VALUES (wanted.type, wanted.id, 0, '-infinity', true, '', 0, '', '{}', '{}')
                    ON CONFLICT ON CONSTRAINT resource_type_id DO NOTHING
                    RETURNING rid INTO one;
                DELETE FROM resource WHERE rid = one AND version = 0;
            END IF;
            IF NOT FOUND THEN
                RAISE EXCEPTION 'missed'
                    USING ERRCODE = 'TR001', SCHEMA = '{schema_name}', TABLE = 'lock', DETAIL = number;
            END IF;
        END LOOP;
    END IF;

{deletes}{inserts}
    IF replaced IS NOT NULL THEN
        moment := date_trunc('milliseconds', clock_timestamp());
        FOREACH number IN ARRAY replaced LOOP
            change := rows[number];
            one := rids[number];
            times[number] := greatest(times[number], moment);
            INSERT INTO history
                SELECT type, id, version, last_updated, deleted, method, content, splice, patients
                FROM resource WHERE rid = one;
            UPDATE resource SET
                version = version + 1, last_updated = times[number], deleted = change.content IS NULL,
                method = change.method, content = change.content, splice = change.splice,
                patients = change.patients, tok = change.tok::bigint[]
                WHERE rid = one;
            DELETE FROM search_date WHERE rid = one;
            DELETE FROM search_string WHERE rid = one;
            DELETE FROM search_number WHERE rid = one;
            DELETE FROM search_reference WHERE rid = one;
        END LOOP;
    END IF;

    IF dates IS NOT NULL THEN
        INSERT INTO search_date SELECT rids[d.row], d.parameter, d.lo, d.hi FROM unnest(dates) AS d;
    END IF;
    IF strings IS NOT NULL THEN
        INSERT INTO search_string
            SELECT rids[s.row], s.parameter, s.normalised, s.exact FROM unnest(strings) AS s;
    END IF;
    IF numbers IS NOT NULL THEN
        INSERT INTO search_number
            SELECT rids[n.row], n.parameter, n.lo, n.hi, n.system, n.code, n.unit FROM unnest(numbers) AS n;
    END IF;
    IF refs IS NOT NULL THEN
        INSERT INTO search_reference
            SELECT rids[r.row], r.parameter, r.target_type, r.target_id FROM unnest(refs) AS r;
    END IF;

    IF events IS NOT NULL THEN
        INSERT INTO outbox (event_id, topic, key, type, subject, payload, traceparent, cause, depth)
            SELECT * FROM unnest(events);
    END IF;
    IF handled IS NOT NULL THEN
        INSERT INTO inbox (event_id, handler) SELECT * FROM unnest(handled) ON CONFLICT DO NOTHING;
        GET DIAGNOSTICS lacking = ROW_COUNT;
        IF lacking < cardinality(handled) THEN
            RAISE EXCEPTION 'already handled' USING ERRCODE = 'TR003';
        END IF;
    END IF;
    IF trail IS NOT NULL THEN
        INSERT INTO audit
            (request_id, caller, address, action, type, resource_id, version, patients, outcome, query)
            SELECT * FROM unnest(trail);
    END IF;
    IF aliases IS NOT NULL THEN
        LOCK TABLE patient_alias IN SHARE ROW EXCLUSIVE MODE;   -- so that `change` grows in the order of commits
        INSERT INTO patient_alias (patient, into_patient, version, joined)
            SELECT * FROM unnest(aliases)
            ON CONFLICT (patient, into_patient) DO UPDATE
                SET version = excluded.version, joined = excluded.joined, change = DEFAULT
                WHERE patient_alias.version < excluded.version;
    END IF;
    RETURN times;
END
$apply$;

REVOKE ALL ON FUNCTION apply FROM PUBLIC;
