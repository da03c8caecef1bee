#!/bin/sh
# PyPI orjson 3.11.4: a message carries an id beyond 64 bits, as JSON and Python's integers allow.
# One would guess that it is read as an integer, as by json, ujson and msgspec, or refused, as orjson
# refuses to write one. It is read as a float, without an error: ids next to each other become
# equal, and what is written back is another number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet orjson==3.11.4 ujson==5.11.0 msgspec==0.20.0
cat > main.py <<'PY'
import json, sys
import msgspec, orjson, ujson

IDS = ["18446744073709551615", "18446744073709551616", "18446744073709551617", "-9223372036854775809"]
print("orjson", orjson.__version__, "ujson", ujson.__version__, "msgspec", msgspec.__version__)
same = True
for text in IDS:
    seen = orjson.loads(text)
    others = {json.loads(text), ujson.loads(text), msgspec.json.decode(text)}
    print(f"{text}: orjson gives {seen!r} and writes {orjson.dumps(seen).decode()}, the others {others}")
    large = text != IDS[0]
    same = same and type(seen) is (float if large else int) and others == {int(text)}
one, next_one = (orjson.loads(text) for text in IDS[1:3])
print("two ids that differ by one are equal:", one == next_one)
sys.exit(not same or one != next_one)
PY
venv/bin/python main.py
