-- Which Patients are of one person, as records has said (PatientMerged, PatientUnmerged): what is latest by the version
-- of the replaced Patient stands, so that events may come twice and in any order. A merge undone stays, not joined.
CREATE SEQUENCE patient_alias_change;
CREATE TABLE patient_alias (
    patient text COLLATE "C" NOT NULL,          -- the Patient that is replaced
    into_patient text COLLATE "C" NOT NULL,     -- the one that is kept
    version int NOT NULL,                       -- of the replaced Patient, when this was said
    joined boolean NOT NULL,
    change bigint NOT NULL DEFAULT nextval('patient_alias_change'),     -- grows in the order of commits
    PRIMARY KEY (patient, into_patient)
);
CREATE INDEX patient_alias_change_order ON patient_alias (change);

CREATE TYPE alias_write AS (patient text, into_patient text, version int, joined boolean);
