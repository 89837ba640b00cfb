"""The tables of the fleet, and every statement that reads or changes them."""

from typing import LiteralString

__all__ = [
    "ADD_SCHEDULE",
    "ASK",
    "BEGIN",
    "CANCEL",
    "CLAIM_UPKEEP",
    "DUE",
    "END",
    "FIND_SCHEDULES",
    "FIND_STATUS",
    "FIND_TABLES",
    "FIND_VERSION",
    "LOCK_ENTERPRISE",
    "MADE",
    "NEXT_RUN",
    "PROGRESS",
    "PRUNE",
    "REMOVE_SCHEDULE",
    "REQUEUE",
    "STILL_WANTED",
    "TABLES",
    "UPGRADED",
]

FIND_TABLES: LiteralString = (
    "SELECT to_regclass('gizwits_fleet') AS fleet, to_regclass('procrastinate_jobs') AS jobs"
)
FIND_VERSION: LiteralString = "SELECT version, engine FROM gizwits_fleet"
MADE: LiteralString = "INSERT INTO gizwits_fleet (version, engine) VALUES (%(version)s, %(engine)s)"
UPGRADED: LiteralString = "UPDATE gizwits_fleet SET engine = %(engine)s"

TABLES: LiteralString = """
CREATE TABLE gizwits_fleet (
    version integer NOT NULL,
    engine text NOT NULL,
    upkeep_at timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE TABLE gizwits_tenants (
    profile text PRIMARY KEY,
    enterprise text,
    state text NOT NULL,
    owner text,
    since timestamptz NOT NULL DEFAULT clock_timestamp(),
    stop boolean NOT NULL DEFAULT false,
    scan jsonb NOT NULL DEFAULT '{}',
    finished text[] NOT NULL DEFAULT '{}',
    windows bigint NOT NULL DEFAULT 0,
    windows_left bigint,
    records bigint NOT NULL DEFAULT 0,
    quota integer,
    failures integer NOT NULL DEFAULT 0,
    last_error text,
    schedule jsonb,
    every double precision,
    jitter double precision,
    due_at double precision,
    next_run double precision
);
CREATE TABLE gizwits_calls (
    profile text NOT NULL,
    minute bigint NOT NULL,
    calls integer NOT NULL,
    PRIMARY KEY (profile, minute)
);
"""
"""`due_at` is the exact time of the schedule, `next_run` that time and the jitter; `finished` has
the products that the present run has read to the end."""

ASK: LiteralString = """
INSERT INTO gizwits_tenants AS t (profile, state, scan) VALUES (%(profile)s, 'waiting', %(scan)s)
ON CONFLICT (profile) DO UPDATE SET
    state = 'waiting', since = clock_timestamp(), stop = false, scan = excluded.scan,
    finished = '{}', windows = 0, windows_left = NULL, records = 0, failures = 0, last_error = NULL
WHERE t.state NOT IN ('waiting', 'running')
RETURNING profile
"""
"""Begins a run, unless one is under way."""

LOCK_ENTERPRISE: LiteralString = (
    "SELECT pg_advisory_xact_lock(hashtextextended(%(enterprise)s::text, 0))"
)
"""Two profiles of an enterprise that begin at once would not see each other."""

BEGIN: LiteralString = """
WITH before AS (
    SELECT profile, owner FROM gizwits_tenants WHERE profile = %(profile)s FOR UPDATE
)
UPDATE gizwits_tenants AS t SET
    state = 'running', since = clock_timestamp(), owner = %(owner)s,
    enterprise = %(enterprise)s, quota = %(quota)s
FROM before
WHERE t.profile = before.profile AND t.state IN ('waiting', 'running') AND NOT t.stop
    AND NOT EXISTS (
        SELECT FROM gizwits_tenants AS other
        WHERE other.enterprise = %(enterprise)s AND other.state = 'running'
            AND other.profile <> t.profile)
RETURNING t.scan, t.every, t.finished,
    before.owner = %(owner)s AND NOT EXISTS (
        SELECT FROM gizwits_tenants AS other
        WHERE other.enterprise = %(enterprise)s AND other.profile <> t.profile) AS same_owner,
    (SELECT sum(c.calls) FROM gizwits_calls AS c JOIN gizwits_tenants AS any_of USING (profile)
        WHERE (any_of.enterprise = %(enterprise)s OR c.profile = t.profile)
            AND minute > extract(epoch FROM clock_timestamp()) / 60 - 121)::integer AS spent
"""
"""Begins a slice, unless the run was cancelled or another profile scans the same enterprise.

`spent` counts the calls that all workers made in two hours; `same_owner` says that no other worker
made any since the last slice of this one."""

PROGRESS: LiteralString = """
WITH seen AS (
    SELECT * FROM unnest(
        %(profiles)s::text[], %(windows)s::bigint[], %(left)s::bigint[], %(records)s::bigint[],
        %(calls)s::integer[]) AS s (profile, windows, windows_left, records, calls)
), counted AS (
    INSERT INTO gizwits_calls AS c (profile, minute, calls)
    SELECT profile, extract(epoch FROM clock_timestamp())::bigint / 60, calls
    FROM seen WHERE calls > 0
    ON CONFLICT (profile, minute) DO UPDATE SET calls = c.calls + excluded.calls
)
UPDATE gizwits_tenants AS t SET
    windows = t.windows + seen.windows,
    records = t.records + seen.records,
    windows_left = coalesce(seen.windows_left, t.windows_left)
FROM seen WHERE t.profile = seen.profile AND t.owner = %(owner)s
RETURNING t.profile, t.stop
"""
"""Adds what slices did since the last time. Calls count even where another worker has the run by now."""

END: LiteralString = """
UPDATE gizwits_tenants SET
    state = CASE WHEN stop THEN 'cancelled' ELSE %(state)s END,
    since = clock_timestamp(), stop = false, finished = %(finished)s::text[],
    failures = CASE WHEN %(failed)s THEN failures + 1 ELSE 0 END,
    last_error = %(error)s
WHERE profile = %(profile)s AND owner = %(owner)s AND state = 'running'
RETURNING state, failures
"""

CANCEL: LiteralString = """
UPDATE gizwits_tenants SET
    stop = state = 'running',
    state = CASE state WHEN 'running' THEN state ELSE 'cancelled' END
WHERE profile = %(profile)s AND state IN ('waiting', 'running')
RETURNING state
"""

STILL_WANTED: LiteralString = """
UPDATE gizwits_tenants SET
    state = CASE WHEN stop THEN 'cancelled' ELSE 'waiting' END, stop = false,
    since = clock_timestamp(),
    last_error = CASE WHEN stop THEN NULL
        ELSE 'waits for another profile of the same enterprise' END
WHERE profile = %(profile)s AND state IN ('waiting', 'running')
RETURNING state
"""
"""What becomes of a slice that was not begun."""

CLAIM_UPKEEP: LiteralString = """
UPDATE gizwits_fleet SET upkeep_at = clock_timestamp()
WHERE upkeep_at < clock_timestamp() - make_interval(secs => %(interval)s)
RETURNING 1 AS claimed
"""
"""One process at a time looks after the fleet."""

DUE: LiteralString = """
SELECT profile, schedule FROM gizwits_tenants
WHERE next_run <= extract(epoch FROM clock_timestamp())
"""

NEXT_RUN: LiteralString = """
UPDATE gizwits_tenants SET
    due_at = due_at + every * step,
    next_run = due_at + every * step + random() * jitter
FROM (
    SELECT profile AS name,
        greatest(1, 1 + floor((extract(epoch FROM clock_timestamp()) - due_at) / every)) AS step
    FROM gizwits_tenants WHERE profile = %(profile)s) AS steps
WHERE profile = steps.name AND next_run <= extract(epoch FROM clock_timestamp())
"""
"""Times that were missed are left out: a fleet that was down does not run everything twice."""

REQUEUE: LiteralString = """
UPDATE gizwits_tenants SET state = 'waiting', since = clock_timestamp()
WHERE profile = %(profile)s AND state = 'running'
"""

ADD_SCHEDULE: LiteralString = """
INSERT INTO gizwits_tenants AS t
    (profile, state, schedule, every, jitter, due_at, next_run)
SELECT %(profile)s, 'scheduled', %(schedule)s, %(every)s, %(jitter)s, now.at,
    now.at + random() * %(jitter)s
FROM (SELECT extract(epoch FROM clock_timestamp()) AS at) AS now
ON CONFLICT (profile) DO UPDATE SET
    schedule = excluded.schedule, every = excluded.every, jitter = excluded.jitter,
    due_at = excluded.due_at, next_run = excluded.next_run
RETURNING next_run
"""

REMOVE_SCHEDULE: LiteralString = """
UPDATE gizwits_tenants SET schedule = NULL, every = NULL, jitter = NULL, due_at = NULL,
    next_run = NULL
WHERE profile = %(profile)s AND schedule IS NOT NULL
RETURNING profile
"""

FIND_SCHEDULES: LiteralString = """
SELECT profile, schedule, every, jitter, next_run FROM gizwits_tenants
WHERE schedule IS NOT NULL ORDER BY profile
"""

FIND_STATUS: LiteralString = """
SELECT t.profile, t.state, t.owner, extract(epoch FROM t.since)::double precision AS since,
    t.windows, t.windows_left, t.records, t.quota, t.last_error, t.next_run,
    coalesce((SELECT sum(calls) FROM gizwits_calls AS c WHERE c.profile = t.profile
        AND minute > extract(epoch FROM clock_timestamp()) / 60 - 61), 0)::integer AS calls_per_hour
FROM gizwits_tenants AS t ORDER BY t.profile
"""

PRUNE: LiteralString = """
DELETE FROM gizwits_calls WHERE minute < extract(epoch FROM clock_timestamp()) / 60 - 180
"""
