-- What was heard of exercise logs: a row for each version of each log, so that neither the order in which events
-- come nor how often they come matters.
CREATE TABLE exercise_log (
  resource_id text NOT NULL,      -- "Type/id/version" of what tells it
  source text NOT NULL,           -- "Type/id"
  version int NOT NULL,
  patient text NOT NULL,
  prescription text NOT NULL,     -- ServiceRequest.id
  client_id text NOT NULL,
  done timestamptz NOT NULL,
  offset_minutes int NOT NULL,
  withdrawn boolean NOT NULL,
  told jsonb NOT NULL
);
CREATE INDEX exercise_log_resource ON exercise_log (resource_id);
CREATE INDEX exercise_log_prescription ON exercise_log (prescription, done);

-- What was heard of safety alerts: an alert is open from "raised" until there is "acknowledged", whichever comes first.
CREATE TABLE safety_alert (
  resource_id text NOT NULL,      -- "DetectedIssue.id/state"
  alert text NOT NULL,
  patient text NOT NULL,
  state text NOT NULL
);
CREATE INDEX safety_alert_resource ON safety_alert (resource_id);
CREATE INDEX safety_alert_alert ON safety_alert (alert);
CREATE INDEX safety_alert_patient ON safety_alert (patient);
