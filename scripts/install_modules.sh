#!/usr/bin/env bash
# Installs the npm modules of the lockfile, exactly, where they are missing or older than it. Quick when they are there.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
if [ -L node_modules ]; then
  echo 'node_modules is a link: installing would empty the folder that it names, which another project uses. Remove the link first.' >&2
  exit 2
fi
if [ -f node_modules/.package-lock.json ] && [ ! package-lock.json -nt node_modules/.package-lock.json ]; then
  echo 'modules: there'
  exit 0
fi
echo 'modules: npm ci'
npm ci
# npm keeps the time of its own record when nothing changed in it.
touch node_modules/.package-lock.json
