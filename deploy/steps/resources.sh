# The resources, in the order in which they need each other.

SERVICES=(run artifactregistry cloudbuild secretmanager bigquery bigquerystorage storage sqladmin iam logging monitoring cloudtrace compute)
ACCOUNTS=(api worker mlflow build)
DATASETS=(raw_events feature_mart spine_data feast_registry)

make_project() {
  # Google says of a project that does not exist what it says of somebody else's: "does not have permission ... (or it may not exist)".
  local MISSING_TOO='may not exist'
  if [ "$DRY_RUN" = no ] && ! ask gcloud projects describe "$PROJECT" --format='value(projectNumber)' && [ -z "$BILLING_ACCOUNT" ]; then
    stop "There is no project $PROJECT that you may see. Set BILLING_ACCOUNT to have it made (gcloud billing accounts list shows yours), or name another with --project."
  fi
  ensure "project $PROJECT" gcloud projects describe "$PROJECT" --format='value(projectNumber)' -- gcloud projects create "$PROJECT"
  [ -z "$BILLING_ACCOUNT" ] || ensure_some "billing of $PROJECT" gcloud billing projects describe "$PROJECT" --format='value(billingAccountName)' -- gcloud billing projects link "$PROJECT" --billing-account="$BILLING_ACCOUNT"
  if [ "$DRY_RUN" = yes ]; then PROJECT_NUMBER=PROJECT_NUMBER; return 0; fi
  MISSING_TOO=
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

# make_bucket NAME LIFECYCLE LOCATION: private, with one kind of access rules, and with the lifecycle rules of deploy/buckets.
make_bucket() {
  ensure "bucket $1" gcloud storage buckets describe "gs://$1" --project="$PROJECT" -- gcloud storage buckets create "gs://$1" --project="$PROJECT" --location="$3" --uniform-bucket-level-access --public-access-prevention
  ensure_some "lifecycle of $1" gcloud storage buckets describe "gs://$1" --project="$PROJECT" --raw --format='value(lifecycle.rule)' -- gcloud storage buckets update "gs://$1" --project="$PROJECT" --lifecycle-file="deploy/buckets/$2.json" --update-labels=app=ml-pipeline
}

make_buckets() {
  make_bucket "$ARTIFACTS_BUCKET" artifacts "$BUCKET_LOCATION"
  make_bucket "$DATA_BUCKET" data "$BUCKET_LOCATION"
  make_bucket "$LOGS_BUCKET" logs "$BUCKET_LOCATION"
  make_bucket "$BUILD_BUCKET" build "$REGION"
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
