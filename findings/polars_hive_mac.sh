#!/bin/sh
# Expected: a lake that one program writes with a text as partition, `mac=001122334455/`, is read with that text, as
# pyarrow does, which wrote it.
# What happens: the text is in the name of the folder only, and polars 2.1.0 infers one type from all folders.
# Twelve hexadecimal digits may all be decimal: such a MAC address loses its leading zeros. With one "e" among them
# it is read as a float, often beyond the largest: two devices are both `inf`, and one group of a `group_by`. A filter
# by text is an error then. One device with another letter makes the column text for all, so it works for a large
# fleet, and fails for a small one.
# Remedy: `hive_schema={"mac": pl.String}`. gizwits_async's lake has days as partitions.
# Seen with polars 2.1.0 and pyarrow 26.0.1 on Python 3.11 on 2026-11-28.
# Source: https://docs.pola.rs/api/python/stable/reference/api/polars.read_parquet.html (`hive_schema`),
# https://github.com/pola-rs/polars/issues/13177 (open).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "polars==2.1.0" "pyarrow==26.0.1"
cat > "$folder/seen.py" <<'PYTHON'
import sys
from pathlib import Path

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

folder = Path(sys.argv[1])
print(f"polars {pl.__version__} pyarrow {pa.__version__}")
fleets = {
    "digits": ["001122334455", "600194335566"],
    "one e": ["00112233e455", "60019433e455"],
    "other letters": ["001122334455", "60019433abcd"],
}
seen = {}
for name, macs in fleets.items():
    pq.write_to_dataset(pa.table({"mac": macs, "online": [1, 2]}), folder / name, partition_cols=["mac"])
    written = sorted(pq.read_table(folder / name)["mac"].to_pylist())
    frame = pl.read_parquet(folder / name)
    groups = frame.group_by("mac").len().height
    seen[name] = written == macs, str(frame["mac"].dtype), groups
    print(f"{name}: pyarrow reads {written}, polars {frame['mac'].to_list()}, {groups} group(s)")
remedy = pl.read_parquet(folder / "one e", hive_schema={"mac": pl.String})["mac"].sort().to_list()
print("one e, with hive_schema:", remedy)
expected = {
    "digits": (True, "Int64", 2),
    "one e": (True, "Float64", 1),
    "other letters": (True, "String", 2),
}
sys.exit(seen != expected or remedy != fleets["one e"])
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder/lake"
