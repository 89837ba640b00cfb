#!/bin/sh
# Expected: under `freeze_time` every module sees the frozen time. freezegun documents an ignore list of modules
# by name, with `gi` (PyGObject) among its defaults.
# What happens: freezegun 1.5.5 compares with `str.startswith`, so every module whose name starts with "gi" is
# ignored: `time.time()` called in gizmo, github, gitlab or gizwits_async is the real time, while
# `datetime.datetime.now()` in the same module is frozen. A package with such a name has two clocks under test.
# This is why `gizwits_async.testing` reads the time from `datetime`.
# Seen with freezegun 1.5.5 on Python 3.11 on 2026-11-28.
# Source: freezegun/config.py (`DEFAULT_IGNORE_LIST`), freezegun/api.py (`_should_use_real_time`).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "freezegun==1.5.5"
for name in gizmo gadget; do
    cat > "$folder/$name.py" <<'PYTHON'
import datetime
import time


def years():
    wall = datetime.datetime.fromtimestamp(time.time(), datetime.timezone.utc)
    return wall.year, datetime.datetime.now(datetime.timezone.utc).year
PYTHON
done
cat > "$folder/seen.py" <<'PYTHON'
import sys

import gadget
import gizmo
from freezegun import freeze_time

with freeze_time("2001-02-03"):
    seen = {module.__name__: module.years() for module in (gadget, gizmo)}
for name, (by_time, by_datetime) in seen.items():
    print(f"{name}: time.time() is in {by_time}, datetime.now() in {by_datetime}")
sys.exit(not (seen["gadget"] == (2001, 2001) and seen["gizmo"][0] > 2001 == seen["gizmo"][1]))
PYTHON
(cd "$folder" && "$folder/venv/bin/python" seen.py)
