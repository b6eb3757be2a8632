-- Keeps the answer to a command in the transaction that does it; TR004 if the command has been done before.
-- Forgets some that are older than a day.
CREATE OR REPLACE FUNCTION remember(command_key bytea, request bytea, answer bytea, times timestamptz[])
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = {schema}, pg_temp
AS $remember$
BEGIN
    DELETE FROM command WHERE key IN (
        SELECT key FROM command WHERE created < clock_timestamp() - interval '24 hours'
        ORDER BY created LIMIT 10 FOR UPDATE SKIP LOCKED
    );
    INSERT INTO command VALUES (command_key, remember.request, remember.answer, remember.times)
        ON CONFLICT (key) DO NOTHING;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'done before' USING ERRCODE = 'TR004';
    END IF;
END
$remember$;

REVOKE ALL ON FUNCTION remember FROM PUBLIC;
