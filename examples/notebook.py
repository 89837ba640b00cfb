"""A look at a fleet, as a marimo notebook: `marimo edit examples/notebook.py`, or as a program.

It reads the `GIZWITS_*` variables, and makes six calls.
"""

import marimo

app = marimo.App(width="medium")


@app.cell
def _():
    import marimo as mo
    import polars as pl

    from gizwits_async import GizwitsClient
    from gizwits_async.models import to_dict
    from gizwits_async.scan import to_arrow

    return GizwitsClient, mo, pl, to_arrow, to_dict


@app.cell
def _(mo):
    mo.md("# The fleet")


@app.cell
async def _(GizwitsClient, pl, to_arrow, to_dict):
    async with GizwitsClient.from_env() as gizwits:
        listed = await gizwits.devices.search().collect()
        devices = pl.DataFrame([to_dict(device) for device in listed], infer_schema_length=None)
        online = next(device for device in listed if device.is_online)
        points = await gizwits.product.datapoints()
        log = pl.from_arrow(await to_arrow(gizwits.devices.data_log(online.did), datapoints=points))
    return devices, log


@app.cell
def _(devices, pl):
    by_region = (
        devices.group_by("region")
        .agg(pl.len().alias("devices"), pl.col("is_online").sum().alias("online"))
        .sort("devices", descending=True)
    )
    by_region
    return (by_region,)


@app.cell
def _(log, pl):
    by_hour = (
        log.sort("timestamp")
        .group_by_dynamic("timestamp", every="1h")
        .agg(pl.len().alias("reports"), pl.col("room_temp").mean())
    )
    by_hour
    return (by_hour,)


@app.cell
def _(by_hour, by_region, mo):
    summary = f"{by_region['online'].sum()} devices are online; one of them made {by_hour['reports'].sum()} reports."
    mo.md(summary)
    print(summary)


if __name__ == "__main__":
    app.run()
