-- Nobody is in two places under two names either: a person under the ids that a merge joined, a practitioner under
-- roles of theirs.

-- Which practitioner each role is, as records last said when an appointment named it; resource_id is the role's id.
-- `apply` fills tables in the order of their names: this one before booked_time, whose trigger reads it.
CREATE TABLE acting_practitioner (
  resource_id text NOT NULL,
  practitioner text NOT NULL
);
CREATE INDEX acting_practitioner_resource ON acting_practitioner (resource_id);
CREATE INDEX acting_practitioner_practitioner ON acting_practitioner (practitioner);

CREATE INDEX patient_alias_into ON patient_alias (into_patient);

-- All references ("Patient/1") to the one whom `who` refers to, itself among them.
CREATE FUNCTION names_of(who text) RETURNS SETOF text LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF who LIKE 'Patient/%' THEN
    RETURN QUERY
      WITH RECURSIVE person (id) AS (
          SELECT substr(who, 9) COLLATE "C"
        UNION
          SELECT CASE WHEN a.patient = p.id THEN a.into_patient ELSE a.patient END
          FROM person p JOIN patient_alias a ON (a.patient = p.id OR a.into_patient = p.id) AND a.joined
      )
      SELECT 'Patient/' || person.id FROM person;
  ELSIF who LIKE 'PractitionerRole/%' THEN
    RETURN QUERY
      SELECT who
      UNION SELECT a.practitioner FROM acting_practitioner a WHERE a.resource_id = substr(who, 18)
      UNION SELECT 'PractitionerRole/' || other.resource_id
        FROM acting_practitioner a JOIN acting_practitioner other USING (practitioner)
        WHERE a.resource_id = substr(who, 18);
  ELSE
    RETURN QUERY
      SELECT who
      UNION SELECT 'PractitionerRole/' || a.resource_id FROM acting_practitioner a WHERE a.practitioner = who;
  END IF;
END
$$;

-- A row that overlaps one under another name is not put in: to `apply` that is the constraint's refusal. Who has
-- several names books under a lock, so that of two at once one sees the other. One appointment may name all of them.
CREATE FUNCTION refuse_another_name() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  names text[] := ARRAY(SELECT name FROM names_of(new.actor) AS name ORDER BY name COLLATE "C");
BEGIN
  IF cardinality(names) > 1 THEN
    PERFORM pg_advisory_xact_lock(hashtextextended(names[1], 0));
    IF EXISTS (
      SELECT FROM booked_time known
      WHERE known.actor = ANY (names) AND known.actor <> new.actor AND known.during && new.during
        AND known.resource_id <> new.resource_id
    ) THEN
      RETURN NULL;
    END IF;
  END IF;
  RETURN new;
END
$$;

CREATE TRIGGER booked_time_other_names BEFORE INSERT ON booked_time
  FOR EACH ROW WHEN (new.actor LIKE 'Patient/%' OR new.actor LIKE 'Practitioner%')
  EXECUTE FUNCTION refuse_another_name();
