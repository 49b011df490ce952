#!/usr/bin/env bash
# From a fresh clone to a served prediction, with real servers, data, training and HTTP: `npm run quickstart`. What is there already is reused.
#   --retrain   train again although a model of the same recipe is there
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
source scripts/steps.sh
for option in "$@"; do
  [ "$option" = --retrain ] || { echo "quickstart: unknown option $option (there is --retrain)" >&2; exit 2; }
done

begin=$EPOCHREALTIME
scripts/setup_local_stack.sh
step "MLflow, for its web UI" scripts/install_tools.sh mlflow
node --import tsx scripts/quickstart.ts "$@"
printf '\nquickstart: all of it took %s s. Stop everything with: npx ml-pipeline stack down\n' "$(elapsed "$begin")"
