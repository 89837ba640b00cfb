"""The commands of the console program: their names, what they do, and examples of each."""

from gizwits_async.cli.language import N_

__all__ = ["COMMANDS", "GROUPS"]

COMMANDS = (
    # Scans.
    (
        "demo",
        N_("Scan a made-up fleet on a simulated service and check the result."),
        ("--devices 50",),
    ),
    (
        "scan",
        N_(
            "Bring the logs of all devices into a database; run it again to go on where it stopped."
        ),
        ("--since 4d", "--since last --out fleet.db", "--start 2026-11-20+08:00 --log data"),
    ),
    (
        "plan",
        N_("Say what a scan would cost: calls, hours, and when it would be done."),
        ("--since 30d", "--since last --out fleet.db"),
    ),
    ("status", N_("Say what a store holds, and what is left to scan."), ("fleet.db",)),
    (
        "report",
        N_("Write a page that shows what a store holds and lacks, to be read or printed."),
        ("fleet.db --html report.html", "fleet.db --days 7 --lang zh"),
    ),
    (
        "upgrade",
        N_("Move a store that an earlier version wrote into the tables of this one."),
        ("fleet.db",),
    ),
    (
        "prune",
        N_("Remove old records from a store, once a lake has them."),
        ("fleet.db --before 90d --lake export", "fleet.db --before 12w --force"),
    ),
    (
        "export",
        N_("Write what changed in a store into tables of files, one a log and day (UTC)."),
        (
            "fleet.db --to parquet",
            "fleet.db --to delta --out s3://bucket/lake",
            "fleet.db --to csv --csv-safe --out files",
        ),
    ),
    # Devices.
    ("devices", N_("List devices."), ("--online --city 广州市", "--format jsonl")),
    ("device", N_("Show one device."), ("ACCF23A1B2C3", "DID")),
    (
        "logs",
        N_("Show a log of one device."),
        ("DID --since 1d", "DID --log cmd --decode", "DID --start 2026-11-22+08:00"),
    ),
    ("watch", N_("Show what a device reports from now on."), ("DID --every 10",)),
    (
        "control",
        N_("Send a command to a device, after it was shown and agreed to. It is never sent twice."),
        ("MAC --attr switch=true --attr mode=制热 --confirm", "DID --raw 12ff --dry-run"),
    ),
    ("product", N_("Show the data points of the product."), ("--format json",)),
    (
        "codegen",
        N_("Write a typed Python class for the product's data points."),
        ("--out product.py --name AirConditioner",),
    ),
    # Groups, users and reports.
    ("groups tree", N_("Show the tree of device groups."), ("--format json",)),
    ("groups macs", N_("List the MAC addresses in a group."), ("GID",)),
    ("groups create", N_("Create a group and write its id."), ("--parent GID",)),
    ("groups delete", N_("Delete an empty group."), ("GID",)),
    (
        "groups assign",
        N_("Put devices into a group, or take them out. Exit code 3 if not all of them went."),
        ("GID MAC MAC --move", "GID MAC --remove"),
    ),
    (
        "users",
        N_("List the users who registered, or who bound a device."),
        ("--appid APPID", "--bound --device DID"),
    ),
    ("bindings bind", N_("Bind devices to a user."), ("UID APPID DID DID",)),
    ("bindings unbind", N_("End the bindings of devices to a user."), ("UID APPID DID",)),
    ("reports", N_("Show what the service counts."), ("summary", "active --start 2026-11-01")),
    # Many enterprises.
    ("profiles list", N_("List the profiles of the configuration file; no secret is read."), ("",)),
    (
        "profiles check",
        N_("Try a login and a listing for each product of each profile."),
        ("", "--format json"),
    ),
    (
        "worker",
        N_("Scan the enterprises of all profiles in slices, beside the workers of other machines."),
        ("--concurrency 200 --slice 10m",),
    ),
    (
        "schedule add",
        N_("Scan an enterprise again and again; an earlier schedule of it is replaced."),
        ("acme --every 1d --since last --log data --jitter 1h",),
    ),
    ("schedule list", N_("List the schedules."), ("",)),
    (
        "schedule remove",
        N_("End the schedule of an enterprise; a scan that runs goes on."),
        ("acme",),
    ),
    (
        "fleet",
        N_("Show how the scan of each enterprise stands."),
        ("", "--watch", "--json", "--serve --port 8090"),
    ),
    ("fleet run", N_("Ask for a scan of an enterprise."), ("acme --since 4d",)),
    ("fleet cancel", N_("End the scan of an enterprise; what it stored stays."), ("acme",)),
    # The connection.
    ("quota", N_("Show how many calls are left, and until when."), ("",)),
    (
        "doctor",
        N_("Find out, step by step, whether calls can work from here, at the cost of two calls."),
        ("", "--profile acme"),
    ),
    (
        "send",
        N_("Send any call of the API, and show its reply."),
        ("get /v1/products/{product_key}/datapoint", "put PATH NAME=VALUE --yes"),
    ),
    (
        "simulate",
        N_("Serve a simulated Enterprise API on this machine until interrupted."),
        ("--port 8080 --devices 100", "--faults faults.toml", "--quirk context_place=top"),
    ),
    (
        "openapi",
        N_("Write the OpenAPI 3.1 description of the Enterprise API, for code generators."),
        ("> openapi.json", "--lang zh > openapi.zh.json"),
    ),
)
"""Name, what the command does, and arguments of examples; module and function bear its name."""

GROUPS = {
    "groups": N_("Show and change device groups."),
    "profiles": N_("Show and check the enterprises of the configuration file."),
    "schedule": N_("Change which enterprises are scanned by themselves, and when."),
    "fleet": N_("Show the scans of all enterprises, begin and end them."),
    "bindings": N_("Change which devices a user may see and control."),
}
"""Commands that have commands of their own."""
