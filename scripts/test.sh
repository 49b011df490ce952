#!/usr/bin/env bash
# Runs tests, after setting up what they need; works straight after a clone. Arguments go to mocha: npm test -- test/domain/model/promotion.test.ts
#   test.sh unit [MOCHA ARGUMENT...]      all tests but those below; they start the servers that they need, on free ports
#   test.sh interop [MOCHA ARGUMENT...]   against Python: MLflow, scikit-learn, LightGBM, onnxruntime, Feast
#   test.sh package [MOCHA ARGUMENT...]   the packed package in an empty folder
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
suite=$1
shift
scripts/install_modules.sh
scripts/install_tools.sh servers data lightgbm
files=(--ignore 'test/interop/**' --ignore 'test/package/**' 'test/**/*.test.ts')
case $suite in
  unit) scripts/install_tools.sh cloud ;;
  interop) scripts/install_tools.sh mlflow interop feast cloud; files=('test/interop/**/*.test.ts') ;;
  package) npm run --silent build; files=('test/package/**/*.test.ts') ;;
  *) echo "test.sh: unknown suite $suite" >&2; exit 2 ;;
esac
# Files that are named replace those of the suite; --ignore=FILE names none.
for argument in "$@"; do
  case $argument in -*) ;; *.test.ts) files=() ;; esac
done
exec node_modules/.bin/mocha "${files[@]}" "$@"
