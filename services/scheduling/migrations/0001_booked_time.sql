-- Whose time an appointment takes. The constraint is what keeps anyone from being in two places at once,
-- whichever way an appointment is written.
CREATE TABLE booked_time (
  resource_id text NOT NULL,
  actor text NOT NULL,
  during tstzrange NOT NULL,
  CONSTRAINT booked_time_no_overlap EXCLUDE USING gist (actor WITH =, during WITH &&)
);
CREATE INDEX booked_time_resource ON booked_time (resource_id);

-- Places where a service is provided (a clinic, a ward): many appointments may be there at the same time.
-- Every other Location is a room.
CREATE TABLE shared_place (
  resource_id text NOT NULL,
  actor text NOT NULL
);
CREATE INDEX shared_place_resource ON shared_place (resource_id);
CREATE INDEX shared_place_actor ON shared_place (actor);
