-- When each alert that nobody has taken is due: found without looking through all Tasks there ever were.
CREATE TABLE open_alert (
  resource_id text NOT NULL,
  due timestamptz NOT NULL
);
CREATE INDEX open_alert_resource ON open_alert (resource_id);
CREATE INDEX open_alert_due ON open_alert (due);

-- Which home logs have arrived: a log that is sent twice is one log.
CREATE TABLE home_log (
  resource_id text NOT NULL,
  patient text NOT NULL,
  system text NOT NULL,
  value text NOT NULL,
  CONSTRAINT home_log_once UNIQUE (patient, system, value)
);
CREATE INDEX home_log_resource ON home_log (resource_id);
