-- Which Encounter each visit of ours names: no two visits share one.
CREATE TABLE visit_encounter (
  resource_id text NOT NULL,
  encounter text NOT NULL,
  CONSTRAINT visit_encounter_once UNIQUE (encounter)
);
CREATE INDEX visit_encounter_resource ON visit_encounter (resource_id);

-- Until when each held time is held.
CREATE TABLE hold (
  resource_id text NOT NULL,
  expires timestamptz NOT NULL
);
CREATE INDEX hold_resource ON hold (resource_id);
CREATE INDEX hold_expires ON hold (expires);
