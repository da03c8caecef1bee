#!/bin/sh
# PyPI prometheus-client 0.26.0: its parser reads the classic text format, where the name of a
# counter is its own affair. One would guess that a sample keeps the name that is in the text. A
# counter without "_total" gets it, in the samples, and one with it loses it, in the family: a
# check that looks for what the server wrote finds neither.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet prometheus-client==0.26.0
cat > main.py <<'PY'
import sys
from importlib.metadata import version
from prometheus_client.parser import text_string_to_metric_families as parse

TEXT = """\
# TYPE requests counter
requests 5
# TYPE answers_total counter
answers_total 3
# TYPE links gauge
links 2
"""
EXPECTED = [
    ("requests", ["requests_total"]),
    ("answers", ["answers_total"]),
    ("links", ["links"]),
]
print("prometheus-client", version("prometheus-client"), "python", sys.version.split()[0])
seen = [(family.name, [sample.name for sample in family.samples]) for family in parse(TEXT)]
for family, samples in seen:
    print(f"family {family!r}: samples {samples}")
sys.exit(seen != EXPECTED)
PY
venv/bin/python main.py
