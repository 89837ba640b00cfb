-- Views for Grafana over a PostgreSQL store of `gizwits-async scan`, in a schema of their own that a reader
-- may be given: psql -d fleet -f examples/grafana.sql. Run it again after an upgrade of the store.
-- Times are `timestamptz` in the column "time", as Grafana wants them; the example queries use its macros.

CREATE SCHEMA IF NOT EXISTS grafana;

CREATE OR REPLACE VIEW grafana.devices AS
SELECT did, mac, product_key, is_online, is_faulty, is_alert, country, region, city,
       longitude, latitude, to_timestamp(online_latest) AS last_online
FROM devices;
COMMENT ON VIEW grafana.devices IS 'Devices as the last scan saw them.
Panel "Fleet" (table):   SELECT mac, is_online, region, city, last_online FROM grafana.devices ORDER BY mac
Panel "Online" (stat):   SELECT count(*) FILTER (WHERE is_online) AS online, count(*) AS devices FROM grafana.devices
Panel "Map" (geomap):    SELECT latitude, longitude, mac, is_online FROM grafana.devices WHERE latitude IS NOT NULL';

-- One row a value: a number for numbers and booleans, a text for the rest.
CREATE OR REPLACE VIEW grafana.values AS
SELECT record.time, device.did, device.mac, device.product_key, point.key AS name,
       CASE jsonb_typeof(point.value)
         WHEN 'number' THEN point.value::text::double precision
         WHEN 'boolean' THEN CASE WHEN point.value::boolean THEN 1 ELSE 0 END
       END AS value,
       CASE WHEN jsonb_typeof(point.value) = 'string' THEN point.value #>> '{}' END AS label
FROM data_record AS record
JOIN devices AS device ON device.number = record.device
CROSS JOIN LATERAL jsonb_each(
  CASE WHEN jsonb_typeof(record.attrs) = 'object' THEN record.attrs ELSE '{}' END
) AS point
WHERE record.time IS NOT NULL;
COMMENT ON VIEW grafana.values IS 'Reported values, a row each.
Panel "Temperature" (time series): SELECT time, mac AS metric, value FROM grafana.values WHERE $__timeFilter(time) AND name = ''room_temp'' ORDER BY time
Panel "Mode" (state timeline):     SELECT time, mac AS metric, label FROM grafana.values WHERE $__timeFilter(time) AND name = ''mode'' ORDER BY time';

CREATE OR REPLACE VIEW grafana.sessions AS
SELECT record.time, device.did, device.mac, device.product_key, record.type
FROM online_record AS record
JOIN devices AS device ON device.number = record.device
WHERE record.time IS NOT NULL;
COMMENT ON VIEW grafana.sessions IS 'When devices came online and went offline.
Panel "Offline" (time series): SELECT $__timeGroup(time, ''1h''), count(*) AS offline FROM grafana.sessions WHERE $__timeFilter(time) AND type = ''dev_offline'' GROUP BY 1 ORDER BY 1';

CREATE OR REPLACE VIEW grafana.scan AS
SELECT product, log, count(*) FILTER (WHERE failed = 1) AS failed, count(*) AS tasks,
       to_timestamp(min(seen)) AS complete_until
FROM scan_task
GROUP BY product, log;
COMMENT ON VIEW grafana.scan IS 'How far the scan of each log is.
Panel "Scan" (table): SELECT product, log, failed, complete_until FROM grafana.scan';
