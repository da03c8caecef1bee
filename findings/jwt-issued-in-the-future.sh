#!/bin/sh
# PyPI PyJWT 2.10.1 and joserfc 1.4.0: a token whose issuer's clock is a minute ahead of the
# verifier's carries `iat` in the future, and no `nbf`. RFC 7519 section 4.1.6 gives `iat` no say in
# whether a token is good, so one would guess that it is taken: python-jose, npm jsonwebtoken and npm
# jose do. The two refuse it until their own clock has caught up: a client that renews its token is
# turned away with the newest one, and let in with the one before.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet PyJWT==2.10.1 joserfc==1.4.0 python-jose==3.5.0
npm install --silent --no-audit --no-fund --ignore-scripts jsonwebtoken@9.0.2 jose@5.9.6
cat > main.py <<'PY'
import json, subprocess, sys, time
from importlib.metadata import version
import jwt
from jose import jwt as python_jose
from joserfc import jwt as joserfc
from joserfc.jwk import OctKey

KEY = "0123456789abcdef0123456789abcdef"
now = int(time.time())


def by_joserfc(token):
    joserfc.JWTClaimsRegistry().validate(joserfc.decode(token, OctKey.import_key(KEY)).claims)


def by_npm(token):
    seen = subprocess.run(["node", "main.js", token, KEY], capture_output=True, text=True, check=True)
    return json.loads(seen.stdout)


def said(verify, token):
    try:
        verify(token)
    except Exception as error:
        return f"refused: {type(error).__name__}"
    return "taken"


for name in ("PyJWT", "joserfc", "python-jose"):
    print(name, version(name))
same = True
for ahead, strict in ((-5, "taken"), (60, "refused")):
    token = jwt.encode({"sub": "ann", "iat": now + ahead, "exp": now + 3600}, KEY, algorithm="HS256")
    seen = {
        "PyJWT": said(lambda token: jwt.decode(token, KEY, algorithms=["HS256"]), token),
        "joserfc": said(by_joserfc, token),
        "python-jose": said(lambda token: python_jose.decode(token, KEY, algorithms=["HS256"]), token),
    } | by_npm(token)
    print(f"issued {ahead:+} s from now:", seen)
    for name, result in seen.items():
        expected = strict if name in ("PyJWT", "joserfc") else "taken"
        same = same and result.startswith(expected)
sys.exit(not same)
PY
cat > main.js <<'JS'
const jsonwebtoken = require('jsonwebtoken');
const [token, key] = process.argv.slice(2);
const seen = {};
try { jsonwebtoken.verify(token, key); seen.jsonwebtoken = 'taken'; }
catch (error) { seen.jsonwebtoken = `refused: ${error.message}`; }
import('jose').then(async (jose) => {
  try { await jose.jwtVerify(token, new TextEncoder().encode(key)); seen.jose = 'taken'; }
  catch (error) { seen.jose = `refused: ${error.message}`; }
  console.log(JSON.stringify(seen));
});
JS
venv/bin/python main.py
