#!/usr/bin/env bash
# Makes or replaces the dashboard and the alert policies of this folder in a Google Cloud project; the same again changes nothing else. Policies are known by their display names.
#   deploy/monitoring/apply.sh <project> [--dry-run] [--channel <notification channel>]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() { echo "usage: $0 <project> [--dry-run] [--channel projects/<project>/notificationChannels/<id>]" >&2; exit 2; }
project=${1:-}
[[ $project =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] || usage
shift
dry=false
channel=()
while (($# > 0)); do
  case $1 in
    --dry-run) dry=true; shift ;;
    --channel) [[ -n ${2:-} ]] || usage; channel=(--notification-channels "$2"); shift 2 ;;
    *) usage ;;
  esac
done

change() {
  echo "gcloud $*"
  if ! $dry; then gcloud "$@" >/dev/null; fi
}
display_name() { sed -n 's/^  "displayName": "\(.*\)",\{0,1\}$/\1/p' "$1" | head -1; }
# What is there already is looked up also in a dry run, but only where gcloud is there to ask.
known() { if command -v gcloud >/dev/null; then gcloud monitoring "$1" list --project "$project" --filter "displayName=\"$2\"" --format 'value(name)' | head -1; fi; }

for file in alerts/*.json; do
  name=$(known policies "$(display_name "$file")")
  if [[ -n $name ]]; then change monitoring policies update "$name" --project "$project" --policy-from-file "$file" "${channel[@]/#--notification-channels/--set-notification-channels}"
  else change monitoring policies create --project "$project" --policy-from-file "$file" "${channel[@]}"; fi
done
name=$(known dashboards "$(display_name dashboard.json)")
# A dashboard is replaced as a whole; an update would need the etag of the one that is there.
if [[ -n $name ]]; then change monitoring dashboards delete "$name" --project "$project" --quiet; fi
change monitoring dashboards create --project "$project" --config-from-file dashboard.json
