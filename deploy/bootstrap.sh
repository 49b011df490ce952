#!/usr/bin/env bash
# Makes what is missing of the project on Google Cloud, builds the images and deploys them: docs/deploy.md. Safe to repeat, and to give again after a failure.
set -euo pipefail
START_FOLDER=$PWD
cd "$(dirname "${BASH_SOURCE[0]}")/.."
for step in settings ensure resources secrets grants monitoring services; do
  # shellcheck source=/dev/null
  source "deploy/steps/$step.sh"
done

read_arguments "$@"
[[ $SETTINGS_FILE != [!/]* ]] || SETTINGS_FILE=$START_FOLDER/$SETTINGS_FILE
[[ ${REDIS_CA_FILE:-} != [!/]* ]] || REDIS_CA_FILE=$START_FOLDER/$REDIS_CA_FILE
read_settings_file
tag_of_commit
check_settings
refuse_problems
derive_settings
look_for_project
check_secrets
refuse_problems
WORK=$(mktemp -d) # for this account alone: a password is in it for a while
trap 'rm -rf "$WORK"' EXIT

make_project
enable_services
make_accounts
make_repository
make_buckets
make_datasets
make_secrets
make_database
make_log_sink
make_monitoring
make_grants others
build_images
deploy_all
if [ "$DRY_RUN" = yes ]; then echo 'Nothing was run.'; else say_what_is_next; fi
