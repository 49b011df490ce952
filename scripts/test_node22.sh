#!/usr/bin/env bash
# Runs the unit and contract tests (not those of whole processes, nor of what Node does not run: shell scripts, the sources' text) on another version of Node than the one installed, the long-term one that the package promises: Node 22.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
version=22.23.3
case $(uname -m) in x86_64) cpu=x64 ;; aarch64) cpu=arm64 ;; *) echo "test_node22: there is no package of Node for $(uname -m)" >&2; exit 1 ;; esac
# The package holds nothing but Node's own program.
package=node-linux-$cpu folder=.tools/node22
if [ "$("$folder/node_modules/$package/bin/node" --version 2>/dev/null)" != "v$version" ]; then
  mkdir -p "$folder"
  npm install --silent --no-save --no-package-lock --ignore-scripts --prefix "$folder" "$package@$version"
fi
PATH=$PWD/$folder/node_modules/$package/bin:$PATH
echo "node $(node --version)"
exec scripts/test.sh unit --ignore='test/durability/**' --ignore='test/workflows/**' --ignore='test/cli/**' --ignore='test/deploy/bootstrap.test.ts' --ignore='test/scripts/import-rule.test.ts' "$@"
