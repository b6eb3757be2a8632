CREATE TABLE booked_time (
    resource_id text NOT NULL,
    actor text NOT NULL,
    during tstzrange NOT NULL,
    CONSTRAINT booked_time_no_overlap EXCLUDE USING gist (actor WITH =, during WITH &&)
);
CREATE INDEX booked_time_resource ON booked_time (resource_id);
