# Reads and checks what deploy/bootstrap.sh is told; every problem is said at once, before anything is asked of Google Cloud.

# Name, and what it is where nothing is said; docs/deploy.md explains each.
DEFAULTS=(
  REGION=us-central1 ARTIFACTS_BUCKET=ml-artifacts-prod DATA_BUCKET=ml-data-processed LOGS_BUCKET=ml-logs-archive BUCKET_LOCATION=us
  SQL_INSTANCE=ml-pipeline-mlflow SQL_TIER=db-f1-micro NETWORK=default SUBNET=default
  API_MODEL=models:/flight_delay@champion API_MAX_INSTANCES=10 API_INGRESS=all API_INVOKER=
  WORKER_INSTANCES=1 WORKER_CPU=1 WORKER_MEMORY=2Gi
  TEMPORAL_NAMESPACE=default REDIS_PORT=6379 REDIS_USER=default BILLING_ACCOUNT= ALERT_CHANNEL=
)
REQUIRED=(PROJECT TEMPORAL_ADDRESS REDIS_HOST)

usage() {
  cat <<'TEXT'
Usage: deploy/bootstrap.sh --project ID [--settings FILE] [--tag TAG] [--without-api] [--dry-run]

Makes what is missing of the project on Google Cloud, builds the images and deploys them. Safe to repeat: what is there stays as it is.

  --project ID      the Google Cloud project
  --settings FILE   lines NAME=value (see deploy/settings.env.example); a variable of the environment comes before the file
  --tag TAG         of the images (default: the commit that is checked out)
  --without-api     all but the API, which starts only where its model exists: for the time before the first training
  --dry-run         print every resource and command, and run none

Secrets come from the environment, the first time and where they have changed: REDIS_PASSWORD, REDIS_CA_FILE (a path), TEMPORAL_API_KEY.
TEXT
}

read_arguments() {
  DRY_RUN=no WITH_API=yes TAG=${TAG:-} SETTINGS_FILE='' PROBLEMS=()
  while [ $# -gt 0 ]; do
    case $1 in
      --project | --settings | --tag)
        if [ $# -lt 2 ]; then PROBLEMS+=("$1 has no value."); shift; continue; fi
        case $1 in --project) PROJECT=$2 ;; --settings) SETTINGS_FILE=$2 ;; --tag) TAG=$2 ;; esac
        shift 2 ;;
      --dry-run) DRY_RUN=yes; shift ;;
      --without-api) WITH_API=no; shift ;;
      --help | -h) usage; exit 0 ;;
      *) PROBLEMS+=("$1 is no option. See deploy/bootstrap.sh --help."); shift ;;
    esac
  done
}

# Lines NAME=value, taken as they are: nothing in them is run.
read_settings_file() {
  [ -n "$SETTINGS_FILE" ] || return 0
  if [ ! -r "$SETTINGS_FILE" ]; then PROBLEMS+=("--settings $SETTINGS_FILE cannot be read."); return 0; fi
  local line name number=0 known=" ${DEFAULTS[*]%%=*} ${REQUIRED[*]} TAG "
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1)) name=${line%%=*}
    case $line in
      '' | '#'*) ;;
      REDIS_PASSWORD=* | TEMPORAL_API_KEY=*) PROBLEMS+=("$SETTINGS_FILE:$number: $name is a secret: give it in the environment, not in a file.") ;;
      *=*)
        if [ "${known#* "$name" }" = "$known" ]; then PROBLEMS+=("$SETTINGS_FILE:$number: $name is no setting. See deploy/settings.env.example.")
        elif [ -z "${!name:-}" ]; then printf -v "$name" %s "${line#*=}"; fi ;;
      *) PROBLEMS+=("$SETTINGS_FILE:$number: is no line NAME=value.") ;;
    esac
  done < "$SETTINGS_FILE"
}

# must NAME PATTERN WHAT: the setting's value has to match.
must() {
  [[ ${!1:-} =~ ^($2)$ ]] || PROBLEMS+=("$1 is '${!1:-}', not $3.")
}

check_settings() {
  local name bucket='[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]'
  local each
  for each in "${DEFAULTS[@]}"; do name=${each%%=*}; [ -n "${!name:-}" ] || printf -v "$name" %s "${each#*=}"; done
  must PROJECT '[a-z][a-z0-9-]{4,28}[a-z0-9]' 'the id of a project (--project): 6 to 30 small letters, digits and -'
  must REGION '[a-z]+-[a-z]+[0-9]+' 'a region such as us-central1'
  must TEMPORAL_ADDRESS '[A-Za-z0-9.-]+:[0-9]+' 'host:port of Temporal'
  must REDIS_HOST '[A-Za-z0-9.-]+' 'the host of Redis'
  must REDIS_PORT '[0-9]+' 'a port'
  for name in ARTIFACTS_BUCKET DATA_BUCKET LOGS_BUCKET; do must "$name" "$bucket" 'the name of a bucket'; done
  for name in API_MAX_INSTANCES WORKER_INSTANCES; do must "$name" '[1-9][0-9]{0,3}' 'a number of instances'; done
  must WORKER_CPU '1|2|4|6|8' 'a number of processors that Cloud Run has'
  must WORKER_MEMORY '[0-9]+(Mi|Gi)' 'memory such as 8Gi'
  must API_INGRESS 'all|internal|internal-and-cloud-load-balancing' 'all, internal or internal-and-cloud-load-balancing'
  must API_INVOKER '|allUsers|allAuthenticatedUsers|(user|group|serviceAccount|domain):[^[:space:]]+' 'a member such as group:team@example.com'
  must API_MODEL '(models|runs):/[A-Za-z0-9_.@/-]+' "a model's URI of letters, digits and _.@/-, such as models:/flight_delay@champion"
  for name in NETWORK SUBNET SQL_INSTANCE SQL_TIER TEMPORAL_NAMESPACE REDIS_USER; do must "$name" '[A-Za-z0-9_.@-]+' 'a name'; done
  must ALERT_CHANNEL '|projects/[^/[:space:]]+/notificationChannels/[^/[:space:]]+' 'a notification channel such as projects/my-project/notificationChannels/1234'
  must BUCKET_LOCATION '[A-Za-z0-9-]+' 'a location such as us'
  must TAG '[A-Za-z0-9_][A-Za-z0-9._-]{0,127}' 'the tag of an image (--tag)'
  [ -z "${REDIS_CA_FILE:-}" ] || [ -r "$REDIS_CA_FILE" ] || PROBLEMS+=("REDIS_CA_FILE is '$REDIS_CA_FILE', which cannot be read.")
  [ "$DRY_RUN" = yes ] || for name in gcloud bq openssl; do command -v "$name" > /dev/null || PROBLEMS+=("$name is not on the PATH. gcloud and bq are parts of the Google Cloud CLI: https://cloud.google.com/sdk/docs/install"); done
}

# The commit names the image, so what is built must be the commit.
tag_of_commit() {
  [ -z "$TAG" ] || return 0
  if ! TAG=$(git rev-parse --short=12 HEAD 2> /dev/null); then PROBLEMS+=('There is no git commit to name the images after. Give --tag.'); TAG=none; return 0; fi
  [ -z "$(git status --porcelain --untracked-files=no)" ] || PROBLEMS+=("There are changes that are not committed, so the images would not be those of $TAG. Commit them, or give --tag.")
}

# refuse_problems [SO_FAR]: what was done before.
refuse_problems() {
  [ ${#PROBLEMS[@]} -eq 0 ] && return 0
  { echo "${1:-Nothing was done.} Problems:"; printf '  %s\n' "${PROBLEMS[@]}"; } >&2
  exit 2
}

derive_settings() {
  REGISTRY=$REGION-docker.pkg.dev/$PROJECT/ml-pipeline
  IMAGE=$REGISTRY/ml-pipeline:$TAG MLFLOW_IMAGE=$REGISTRY/mlflow:$TAG
  BUILD_BUCKET=$PROJECT-ml-pipeline-build
}
