# The resources, in the order in which they need each other.

SERVICES=(run artifactregistry cloudbuild secretmanager bigquery bigquerystorage storage sqladmin iam logging monitoring cloudtrace compute)
ACCOUNTS=(api worker mlflow build)
DATASETS=(raw_events feature_mart spine_data feast_registry)

# Whether the project is there, which a dry run does not ask.
look_for_project() {
  # Google says of a project that does not exist what it says of somebody else's: "does not have permission ... (or it may not exist)".
  local MISSING_TOO='may not exist'
  PROJECT_IS_THERE=no
  [ "$DRY_RUN" = no ] || return 0
  if ask gcloud projects describe "$PROJECT" --format='value(projectNumber)'; then PROJECT_IS_THERE=yes
  elif [ -z "$BILLING_ACCOUNT" ]; then PROBLEMS+=("There is no project $PROJECT that you may see. Set BILLING_ACCOUNT to have it made (gcloud billing accounts list shows yours), or name another with --project."); fi
}

make_project() {
  if [ "$PROJECT_IS_THERE" = yes ]; then there "project $PROJECT"; else make "project $PROJECT" gcloud projects create "$PROJECT"; PROJECT_IS_THERE=yes; fi
  [ -z "$BILLING_ACCOUNT" ] || ensure_some "billing of $PROJECT" gcloud billing projects describe "$PROJECT" --format='value(billingAccountName)' -- gcloud billing projects link "$PROJECT" --billing-account="$BILLING_ACCOUNT"
  if [ "$DRY_RUN" = yes ]; then PROJECT_NUMBER=PROJECT_NUMBER; return 0; fi
  ask gcloud projects describe "$PROJECT" --format='value(projectNumber)' || stop "The project $PROJECT was made and is not seen yet. Give the same command again in a minute."
  PROJECT_NUMBER=$ANSWER
}

enable_services() {
  local name missing=() enabled=''
  if [ "$DRY_RUN" = no ]; then ask gcloud services list --enabled --project="$PROJECT" --format='value(config.name)' || true; enabled=$ANSWER; fi
  for name in "${SERVICES[@]}"; do
    if grep -qx "$name.googleapis.com" <<< "$enabled"; then there "service $name"; else missing+=("$name.googleapis.com"); fi
  done
  [ ${#missing[@]} -eq 0 ] || make "services ${missing[*]}" gcloud services enable "${missing[@]}" --project="$PROJECT"
}

make_accounts() {
  local name
  for name in "${ACCOUNTS[@]}"; do
    ensure "service account ml-pipeline-$name" gcloud iam service-accounts describe "ml-pipeline-$name@$PROJECT.iam.gserviceaccount.com" --project="$PROJECT" -- gcloud iam service-accounts create "ml-pipeline-$name" --project="$PROJECT" --display-name="ml-pipeline $name"
  done
}

make_repository() {
  ensure "image repository ml-pipeline" gcloud artifacts repositories describe ml-pipeline --location="$REGION" --project="$PROJECT" -- gcloud artifacts repositories create ml-pipeline --repository-format=docker --location="$REGION" --project="$PROJECT"
}

# Purpose (its lifecycle rules are deploy/buckets/PURPOSE.json), name, location, and the setting that names it.
each_bucket() {
  "$1" artifacts "$ARTIFACTS_BUCKET" "$BUCKET_LOCATION" ARTIFACTS_BUCKET
  "$1" data "$DATA_BUCKET" "$BUCKET_LOCATION" DATA_BUCKET
  "$1" logs "$LOGS_BUCKET" "$BUCKET_LOCATION" LOGS_BUCKET
  "$1" build "$BUILD_BUCKET" "$REGION" PROJECT
}

# What is known of a bucket, in ANSWER: JSON without white space, its keys sorted, as the Cloud Storage API names them.
ask_bucket() {
  local HINT="A bucket's name belongs to the first in the world who wants it: where that was somebody else, give another in $2."
  ask gcloud storage buckets describe "gs://$1" --project="$PROJECT" --raw --format='json(iamConfiguration,labels,lifecycle,location,projectNumber)' || return 1
  ANSWER=$(tr -d ' \n' <<< "$ANSWER")
}

# A bucket stays for ever where it was made, and in the project that it was made in.
check_bucket() {
  local name=$2 wanted location owner
  ask_bucket "$name" "$4" || return 0
  wanted=$(tr '[:lower:]' '[:upper:]' <<< "$3")
  location=$(sed -nE 's/.*"location":"([^"]*)".*/\1/p' <<< "$ANSWER")
  owner=$(sed -nE 's/.*"projectNumber":"?([0-9]+).*/\1/p' <<< "$ANSWER")
  [ "$location" = "$wanted" ] || PROBLEMS+=("Bucket $name is in $location, not in $wanted, and a bucket cannot be moved. Give another name in $4, or set its location to $location; or copy what is in it elsewhere, delete it, and give the same command again.")
  [ "$owner" = "$PROJECT_NUMBER" ] || PROBLEMS+=("Bucket $name is of project number $owner, not of $PROJECT ($PROJECT_NUMBER). Give another name in $4.")
}

# make_bucket PURPOSE NAME LOCATION SETTING: private, with one kind of access rules, a label, and its lifecycle rules; a bucket that has others gets these.
make_bucket() {
  local there=no
  if [ "$DRY_RUN" = no ] && ask_bucket "$2" "$4"; then there=yes; fi
  if [ $there = yes ]; then there "bucket $2"; else make "bucket $2" gcloud storage buckets create "gs://$2" --project="$PROJECT" --location="$3" --uniform-bucket-level-access --public-access-prevention; fi
  if [ $there = yes ] && bucket_is_as_wanted "$1"; then there "settings of bucket $2"; return 0; fi
  make "settings of bucket $2" gcloud storage buckets update "gs://$2" --project="$PROJECT" --lifecycle-file="deploy/buckets/$1.json" --update-labels=app=ml-pipeline --uniform-bucket-level-access --public-access-prevention
}

# Rules are compared as text: those of deploy/buckets have sorted keys, as answers have. Where an answer is written otherwise, the same settings are given again, which changes nothing.
bucket_is_as_wanted() {
  local part
  for part in "\"lifecycle\":$(tr -d ' \n' < "deploy/buckets/$1.json")" '"app":"ml-pipeline"' '"uniformBucketLevelAccess":{"enabled":true' '"publicAccessPrevention":"enforced"'; do
    [ "${ANSWER#*"$part"}" != "$ANSWER" ] || return 1
  done
}

make_buckets() {
  if [ "$DRY_RUN" = no ]; then each_bucket check_bucket; refuse_problems 'No bucket was made or changed.'; fi
  each_bucket make_bucket
}

make_datasets() {
  local name
  for name in "${DATASETS[@]}"; do
    ensure "dataset $name" bq --project_id="$PROJECT" show --dataset --format=none "$PROJECT:$name" -- bq --project_id="$PROJECT" --location="$REGION" mk --dataset --label=app:ml-pipeline "$PROJECT:$name"
  done
}

make_log_sink() {
  local filter='labels."app"="ml-pipeline" OR resource.labels.service_name=~"^ml-pipeline-" OR resource.labels.worker_pool_name=~"^ml-pipeline-"' writer=WRITER_IDENTITY
  ensure "log sink ml-logs-archive" gcloud logging sinks describe ml-logs-archive --project="$PROJECT" -- gcloud logging sinks create ml-logs-archive "storage.googleapis.com/$LOGS_BUCKET" --project="$PROJECT" --log-filter="$filter"
  if [ "$DRY_RUN" = no ]; then ask gcloud logging sinks describe ml-logs-archive --project="$PROJECT" --format='value(writerIdentity)' || stop 'The log sink was made and is not seen yet. Give the same command again in a minute.'; writer=$ANSWER; fi
  grant_on_bucket "$writer" roles/storage.objectCreator "$LOGS_BUCKET"
}
