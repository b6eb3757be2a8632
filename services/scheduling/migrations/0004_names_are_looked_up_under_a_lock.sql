-- Who else somebody is may be written in the very commit that books another name of theirs, or be heard meanwhile: it
-- is looked up under a lock that everybody takes who books them, whatever is known by then.
--
-- A practitioner's lock is that of the practitioner's own reference, taken also where no role is known. For patients
-- one each would be a thousand in a large transaction: instead no merge is heard while somebody books a patient, nor
-- the reverse (the mode in which `apply` locks the table to write it conflicts with this one, which bookings share),
-- so that the first name is the same for all who look, and only who has several takes its lock.
CREATE OR REPLACE FUNCTION refuse_another_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  is_patient boolean := new.actor LIKE 'Patient/%';
  names text[];
  locks text[];
  held text;
BEGIN
  IF is_patient THEN
    LOCK TABLE patient_alias IN ROW EXCLUSIVE MODE;
  END IF;
  names := ARRAY(SELECT name FROM names_of(new.actor) AS name ORDER BY name COLLATE "C");
  IF is_patient THEN
    locks := CASE WHEN cardinality(names) > 1 THEN names[1:1] ELSE '{}' END;
  ELSE
    locks := ARRAY(SELECT name FROM unnest(names) AS name WHERE name NOT LIKE 'PractitionerRole/%');
  END IF;
  FOREACH held IN ARRAY locks LOOP
    PERFORM pg_advisory_xact_lock(hashtextextended(held, 0));
  END LOOP;
  -- Again: each statement sees what was committed before it began, and so also what the lock was waited for.
  names := ARRAY(SELECT name FROM names_of(new.actor) AS name);
  IF cardinality(names) > 1 AND EXISTS (
    SELECT FROM booked_time known
    WHERE known.actor = ANY (names) AND known.actor <> new.actor AND known.during && new.during
      AND known.resource_id <> new.resource_id
  ) THEN
    RETURN NULL;
  END IF;
  RETURN new;
END
$$;
