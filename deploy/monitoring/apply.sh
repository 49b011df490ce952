#!/usr/bin/env bash
# Makes or replaces the dashboard and the alert policies of this folder in a Google Cloud project; what is there as defined is left alone. deploy/bootstrap.sh does the same.
#   deploy/monitoring/apply.sh <project> [--dry-run] [--channel <notification channel>]
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
for step in ensure monitoring; do
  # shellcheck source=/dev/null
  source "deploy/steps/$step.sh"
done

usage() { echo "usage: $0 <project> [--dry-run] [--channel projects/<project>/notificationChannels/<id>]" >&2; exit 2; }
PROJECT=${1:-}
[[ $PROJECT =~ ^[a-z][a-z0-9-]{4,28}[a-z0-9]$ ]] || usage
shift
DRY_RUN=no ALERT_CHANNEL=''
while (($# > 0)); do
  case $1 in
    --dry-run) DRY_RUN=yes; shift ;;
    --channel) [[ ${2:-} =~ ^projects/[^/]+/notificationChannels/[^/]+$ ]] || usage; ALERT_CHANNEL=$2; shift 2 ;;
    *) usage ;;
  esac
done
WORK=$(mktemp -d)
trap 'rm -rf "$WORK"' EXIT
make_monitoring
