#!/usr/bin/env bash
# Sets the local stack up, from a fresh clone to loaded sample data. Safe to repeat: what is there stays.
#   modules -> tools -> servers (in containers where a container engine answers, else as processes) -> database -> sample data
# After a plain `docker-compose -f docker-compose.local.yml up -d` it finds the containers running and loads the data into them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/steps.sh

command -v node >/dev/null || { echo 'setup: Node is missing; install Node 22 or 24 (20.19 at least)' >&2; exit 1; }
command -v npm >/dev/null || { echo 'setup: npm is missing; it usually comes with Node' >&2; exit 1; }

install_tools() {
  # The servers' programs are needed only where they run as processes.
  local engine
  engine=$(node --import tsx scripts/stack-engine.ts) || return
  echo "setup: engine $engine"
  if [ "$engine" = native ]; then
    scripts/install_tools.sh servers data lightgbm
  else
    scripts/install_tools.sh data lightgbm
  fi
}

step 'Modules of the lockfile' scripts/install_modules.sh
step 'Tools' install_tools
step 'Servers' node bin/ml-pipeline.js stack up
step 'Sample data' node bin/ml-pipeline.js data load
