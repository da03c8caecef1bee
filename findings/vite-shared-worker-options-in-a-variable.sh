#!/bin/sh
# vite 8.4.0: a SharedWorker whose options stand in a variable, which every browser takes, fails the
# build. One would guess that it is bundled, or left as it stands, as happens where the address stands
# in a variable; the options alone have to be a literal in the call.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm install --silent --no-audit --no-fund --prefix . vite@8.4.0 > /dev/null
echo '<script type="module" src="./main.js"></script>' > index.html
echo 'onconnect = ({ ports: [port] }) => port.postMessage("here");' > worker.js
build() {
  printf '%s\n' "$2" > main.js
  if node_modules/.bin/vite build --logLevel error > "$1.log" 2>&1; then
    echo "$1: built"
  else
    echo "$1: $(grep -o 'unable to parse the worker options[^.]*' "$1.log" | head -n 1)"
  fi
}
node_modules/.bin/vite --version
{
  build literal 'new SharedWorker(new URL("./worker.js", import.meta.url), { type: "module" });'
  build variable 'const options = { type: "module" }; new SharedWorker(new URL("./worker.js", import.meta.url), options);'
  build address 'const at = new URL("./worker.js", import.meta.url); const options = { type: "module" }; new SharedWorker(at, options);'
} | tee seen
printf '%s\n' 'literal: built' 'variable: unable to parse the worker options as the value is not static' 'address: built' | diff - seen
