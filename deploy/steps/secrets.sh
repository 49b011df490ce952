# Secrets and the database that needs one. Values go over standard input or files that only this account can read, never on a command line.

# make_secret NAME VARIABLE: a version is added where there is none. An empty VALUE is said before anything is made.
make_secret() {
  ensure "secret $1" gcloud secrets describe "$1" --project="$PROJECT" -- gcloud secrets create "$1" --project="$PROJECT" --replication-policy=automatic --labels=app=ml-pipeline
}

has_version() {
  [ "$DRY_RUN" = no ] && ask gcloud secrets versions list "$1" --project="$PROJECT" --filter='state=enabled' --limit=1 --format='value(name)' && [ -n "$ANSWER" ]
}

# What the environment does not give has to be there already.
check_secrets() {
  [ "$DRY_RUN" = no ] || return 0
  [ -n "${REDIS_PASSWORD:-}" ] || has_version ml-pipeline-redis-password || PROBLEMS+=('REDIS_PASSWORD is not set, and the secret ml-pipeline-redis-password has no value yet.')
  [ -n "${REDIS_CA_FILE:-}" ] || has_version ml-pipeline-redis-ca || PROBLEMS+=("REDIS_CA_FILE is not set, and the secret ml-pipeline-redis-ca has no value yet: give the PEM file of the authority that signed Redis' certificate.")
  [ -n "${TEMPORAL_API_KEY:-}" ] || has_version ml-pipeline-temporal-api-key || PROBLEMS+=('TEMPORAL_API_KEY is not set, and the secret ml-pipeline-temporal-api-key has no value yet.')
  refuse_problems
}

# fill_secret NAME: its value is standard input.
fill_secret() {
  if has_version "$1"; then there "value of $1"; return 0; fi
  make "value of $1, from standard input" gcloud secrets versions add "$1" --project="$PROJECT" --data-file=-
}

make_secrets() {
  local name
  for name in redis-password redis-ca temporal-api-key mlflow-database; do make_secret "ml-pipeline-$name"; done
  fill_secret ml-pipeline-redis-password < <(printf %s "${REDIS_PASSWORD:-}")
  fill_secret ml-pipeline-redis-ca < "${REDIS_CA_FILE:-/dev/null}"
  fill_secret ml-pipeline-temporal-api-key < <(printf %s "${TEMPORAL_API_KEY:-}")
}

# Reached through Google's own connection, which asks IAM; its public address admits no network.
make_database() {
  ensure "database server $SQL_INSTANCE" gcloud sql instances describe "$SQL_INSTANCE" --project="$PROJECT" -- gcloud sql instances create "$SQL_INSTANCE" --project="$PROJECT" --region="$REGION" --database-version=POSTGRES_15 --edition=enterprise --tier="$SQL_TIER" --backup --backup-start-time=03:00 --ssl-mode=ENCRYPTED_ONLY --deletion-protection
  ensure "database mlflow" gcloud sql databases describe mlflow --instance="$SQL_INSTANCE" --project="$PROJECT" -- gcloud sql databases create mlflow --instance="$SQL_INSTANCE" --project="$PROJECT"
  if has_version ml-pipeline-mlflow-database; then there "user mlflow and value of ml-pipeline-mlflow-database"; return 0; fi
  make_database_user
}

# The user's password is known to nobody but the secret: without a value, the user gets a new one.
make_database_user() {
  local password=PASSWORD flags=PASSWORD_FILE verb=create
  if [ "$DRY_RUN" = no ]; then
    password=$(openssl rand -hex 24) flags=$WORK/password
    printf -- '--password: %s\n' "$password" > "$flags"
    ask gcloud sql users list --instance="$SQL_INSTANCE" --project="$PROJECT" --format='value(name)' || ANSWER=''
    if grep -qx mlflow <<< "$ANSWER"; then verb=set-password; fi
  fi
  make "user mlflow" gcloud sql users "$verb" mlflow --instance="$SQL_INSTANCE" --project="$PROJECT" --flags-file="$flags"
  fill_secret ml-pipeline-mlflow-database < <(printf 'postgresql+psycopg2://mlflow:%s@/mlflow?host=/cloudsql/%s:%s:%s' "$password" "$PROJECT" "$REGION" "$SQL_INSTANCE")
}
