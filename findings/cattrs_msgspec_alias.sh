#!/bin/sh
# Expected: `use_alias=True` makes a cattrs converter write and read the aliases of attrs fields, in each of its
# preconfigured converters, so that JSON written by one of them is read by the same or by another.
# What happens: cattrs 26.2.1 leaves the writing of a class to msgspec 0.22.0 where no field needs a hook, and
# msgspec knows no aliases of attrs. So the converter of `cattrs.preconf.msgspec` writes `name` and reads
# `dev_alias`: a field with a default comes back empty, without an error. Fields with `init=False`, which cattrs
# leaves out, are written, too. If any field has a name with a leading underscore, or a type with a hook, cattrs
# writes the class itself, with aliases: the keys depend on what other fields a class has.
# `cattrs.preconf.json` and `.orjson` write aliases always.
# Seen with cattrs 26.2.1, msgspec 0.22.0 and attrs 26.1.0 on Python 3.11 on 2026-11-28.
# Source: cattrs/preconf/msgspec.py (`msgspec_attrs_unstructure_factory`), https://catt.rs/en/latest/preconf.html,
# https://github.com/msgspec/msgspec/issues/372 (no other names for fields of attrs).
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -q "cattrs==26.2.1" "msgspec==0.22.0" "attrs==26.1.0"
cat > "$folder/seen.py" <<'PYTHON'
import sys
from importlib.metadata import version

import attrs
from cattrs.preconf import json, msgspec


@attrs.frozen
class Device:
    did: str
    name: str = attrs.field(default="", alias="dev_alias")
    calls: int = attrs.field(default=0, init=False)


@attrs.frozen
class Noted:
    did: str
    name: str = attrs.field(default="", alias="dev_alias")
    _note: str = ""


print(*(f"{name} {version(name)}" for name in ("cattrs", "msgspec", "attrs")))
seen = {}
for module in (json, msgspec):
    converter = module.make_converter(use_alias=True)
    for kind in (Device, Noted):
        written = converter.dumps(kind("d1", "kitchen"))
        read = converter.loads(written, kind)
        written = written if isinstance(written, str) else written.decode()
        seen[module.__name__, kind.__name__] = "dev_alias" in written, "calls" in written, read.name
        print(f"{module.__name__}, {kind.__name__}: {written} is read as name={read.name!r}")
right = (True, False, "kitchen")
sys.exit(
    seen
    != {
        ("cattrs.preconf.json", "Device"): right,
        ("cattrs.preconf.json", "Noted"): right,
        ("cattrs.preconf.msgspec", "Device"): (False, True, ""),
        ("cattrs.preconf.msgspec", "Noted"): right,
    }
)
PYTHON
"$folder/venv/bin/python" "$folder/seen.py"
