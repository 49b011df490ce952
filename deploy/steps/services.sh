# Images and what runs them.

# ${NAME} in standard input becomes the setting's value; a name that is no setting stays, and is refused where a definition is used.
fill_in() {
  local text name
  text=$(cat)
  for name in PROJECT REGION IMAGE MLFLOW_IMAGE MLFLOW_URL MLFLOW_HOST ARTIFACTS_BUCKET DATA_BUCKET LOGS_BUCKET BUILD_BUCKET BUCKET_LOCATION SQL_INSTANCE NETWORK SUBNET API_MODEL API_MAX_INSTANCES API_INGRESS WORKER_INSTANCES WORKER_CPU WORKER_MEMORY TEMPORAL_ADDRESS TEMPORAL_NAMESPACE REDIS_HOST REDIS_PORT REDIS_USER REDIS_PASSWORD_VERSION REDIS_CA_VERSION TEMPORAL_API_KEY_VERSION MLFLOW_DATABASE_VERSION COLLECTOR_VERSION; do
    text=${text//"\${$name}"/"${!name:-}"}
  done
  printf '%s\n' "$text"
}

build_images() {
  if [ "$DRY_RUN" = no ] && ask gcloud artifacts docker images describe "$IMAGE" --project="$PROJECT" && ask gcloud artifacts docker images describe "$MLFLOW_IMAGE" --project="$PROJECT"; then there "images of $TAG"; return 0; fi
  make "images $IMAGE and $MLFLOW_IMAGE" gcloud builds submit . --project="$PROJECT" --region="$REGION" --config=deploy/cloudbuild.yaml --substitutions="_IMAGE=$IMAGE,_MLFLOW_IMAGE=$MLFLOW_IMAGE" \
    --service-account="projects/$PROJECT/serviceAccounts/ml-pipeline-build@$PROJECT.iam.gserviceaccount.com" --gcs-source-staging-dir="gs://$BUILD_BUCKET/source"
}

# deploy KIND NAME: the definition deploy/services/NAME.yaml. The label `definition` is its hash: what runs with the same one is left alone.
deploy() {
  local kind=$1 name=$2 text hash file
  text=$(fill_in < "deploy/services/$name.yaml")
  if [[ $text =~ \$\{[A-Z_]+\} ]]; then stop "deploy/services/$name.yaml has ${BASH_REMATCH[0]}, which is no setting."; fi
  hash=$(printf %s "$text" | sha256sum | cut -c1-16)
  file=$WORK/$name.yaml
  printf '%s\n' "${text/app: ml-pipeline/app: ml-pipeline
    definition: \"$hash\"}" > "$file"
  if [ "$DRY_RUN" = yes ]; then printf 'definition of ml-pipeline-%s:\n' "$name"; sed 's/^/    | /' "$file"; fi
  if [ "$DRY_RUN" = no ] && ask gcloud run "$kind" describe "ml-pipeline-$name" --region="$REGION" --project="$PROJECT" --format='value(metadata.labels.definition)' && [ "$ANSWER" = "$hash" ]; then there "ml-pipeline-$name as defined"; return 0; fi
  make "ml-pipeline-$name of $TAG" gcloud run "$kind" replace "$file" --region="$REGION" --project="$PROJECT"
}

deploy_all() {
  MLFLOW_HOST=ml-pipeline-mlflow-$PROJECT_NUMBER.$REGION.run.app
  MLFLOW_URL=https://$MLFLOW_HOST
  deploy services mlflow
  make_grants services
  deploy worker-pools worker
  deploy jobs command
  [ "$WITH_API" = yes ] || return 0
  deploy services api
  [ -z "$API_INVOKER" ] || grant_on_service "$API_INVOKER" roles/run.invoker ml-pipeline-api
}

say_what_is_next() {
  local job="  gcloud run jobs execute ml-pipeline-command --project=$PROJECT --region=$REGION --wait --args="
  if [ "$WITH_API" = yes ]; then printf '\nDone: https://ml-pipeline-api-%s.%s.run.app\n' "$PROJECT_NUMBER" "$REGION"; else printf '\nDone, all but the API.\n'; fi
  cat <<TEXT
Next, with the rights of a worker:
${job}features,apply
${job}train,--recipe-file,models/classification/random_forest_classifier
${job}schedule,apply
What runs by the clock are Temporal's schedules, which the last command makes equal to the settings: there is no Cloud Scheduler.
TEXT
  [ "$WITH_API" = yes ] || echo "When $API_MODEL exists, give the same command without --without-api: it deploys the API."
}
