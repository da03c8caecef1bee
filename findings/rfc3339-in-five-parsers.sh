#!/bin/sh
# Python's datetime, and PyPI arrow 1.3.0, pendulum 3.0.0, ciso8601 2.3.2, python-dateutil 2.9.0:
# the examples and rules of RFC 3339 itself. One would guess that a leap second, which section 5.8
# has as an example, is read by some of them: none does. "t" and "z" in small letters, which section
# 5.6 allows, are read by two of the five. And where a fraction has seven digits, as .NET writes it,
# four cut and one rounds: the last tenth of a microsecond of a day becomes the next day.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet arrow==1.3.0 pendulum==3.0.0 ciso8601==2.3.2 python-dateutil==2.9.0.post0
cat > main.py <<'PY'
import datetime, sys
from importlib.metadata import version
import arrow, ciso8601, dateutil.parser, pendulum

PARSERS = {
    "datetime": datetime.datetime.fromisoformat,
    "arrow": arrow.get,
    "pendulum": pendulum.parse,
    "ciso8601": ciso8601.parse_datetime,
    "dateutil": dateutil.parser.isoparse,
}
NONE = dict.fromkeys(PARSERS)
EXPECTED = {
    "1990-12-31T23:59:60Z": NONE,
    "1985-04-12t23:20:50z": NONE | dict.fromkeys(("ciso8601", "dateutil"), "1985-04-12T23:20:50"),
    "1985-04-12T23:59:59.9999999Z":
        dict.fromkeys(PARSERS, "1985-04-12T23:59:59.999999") | {"arrow": "1985-04-13T00:00:00"},
}


def read(parse, text):
    try:
        return parse(text).isoformat().removesuffix("+00:00")
    except ValueError:
        return None


print("python", sys.version.split()[0], *(f"{name} {version(name)}" for name in
      ("arrow", "pendulum", "ciso8601", "python-dateutil")))
same = True
for text, expected in EXPECTED.items():
    seen = {name: read(parse, text) for name, parse in PARSERS.items()}
    print(text, seen)
    same = same and seen == expected
sys.exit(not same)
PY
venv/bin/python main.py
