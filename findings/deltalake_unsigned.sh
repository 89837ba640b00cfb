#!/bin/sh
# Expected: a table of Arrow with an unsigned column, such as the data points uint8, uint16 and uint32 of devices,
# is written to Delta as the next wider signed type, or refused at once by its type, as `duration` and `time64` are.
# What happens: Delta has no unsigned types, and deltalake 1.6.6 takes the signed type of the same width. uint8
# becomes `byte`, so the table is made, and rows are appended as long as each value is below 128. The first
# brightness of 200 is a DeltaError, perhaps months later. Parquet files of the same tables have no such limit, and
# `write_delta` of polars goes the same way.
# gizwits_async's export gives a data point the signed type that holds the range of its definition.
# Seen with deltalake 1.6.6 and pyarrow 26.0.1 on Python 3.11 on 2026-11-28.
# Source: https://github.com/delta-io/delta-rs/issues/2175, https://github.com/delta-io/delta/issues/6176,
# https://github.com/delta-io/delta/blob/master/PROTOCOL.md#primitive-types.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "deltalake==1.6.6" "pyarrow==26.0.1"
cat > "$folder/seen.py" <<'PYTHON'
import sys
from importlib.metadata import version
from pathlib import Path

import pyarrow as pa
from deltalake import DeltaTable, write_deltalake
from deltalake.exceptions import DeltaError

folder = Path(sys.argv[1])
print(*(f"{name} {version(name)}" for name in ("deltalake", "pyarrow")))
seen = []
for kind, stored in ((pa.uint8(), "byte"), (pa.uint16(), "short"), (pa.uint32(), "integer")):
    table, limit = str(folder / str(kind)), 2 ** (kind.bit_width - 1)
    write_deltalake(table, pa.table({"brightness": pa.array([0, limit - 1], kind)}))
    found = DeltaTable(table).schema().fields[0].type.type
    try:
        write_deltalake(table, pa.table({"brightness": pa.array([limit], kind)}), mode="append")
        ending = "appended"
    except DeltaError as error:
        ending = str(error)[-60:]
    print(f"{kind}: 0 and {limit - 1:,} are written, as {found}; {limit:,}: ...{ending}")
    seen.append(found == stored and f"Can't cast value {limit} to type" in ending)
sys.exit(seen != [True, True, True])
PYTHON
"$folder/venv/bin/python" "$folder/seen.py" "$folder/tables"
