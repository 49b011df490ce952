# Secrets and the database that needs one. Values go over standard input or files that only this account can read: never on a command line, never into what is printed.
# A value that differs from the newest version's becomes a new version, and definitions name the number of a version: so what changed is rolled out, and what runs keeps the value that it began with.

# The collector's settings are no secret: Secret Manager is how Cloud Run mounts a file.
SECRETS=(redis-password redis-ca temporal-api-key mlflow-database collector)

# value_of NAME: what was given, as standard output; nothing where nothing was.
value_of() {
  case $1 in
    redis-password) printf %s "${REDIS_PASSWORD:-}" ;;
    redis-ca) [ -z "${REDIS_CA_FILE:-}" ] || cat "$REDIS_CA_FILE" ;;
    temporal-api-key) printf %s "${TEMPORAL_API_KEY:-}" ;;
    collector) cat deploy/collector/config.yaml ;;
    mlflow-database) printf %s "${MLFLOW_DATABASE_URI:-}" ;;
  esac
}

is_given() { [ "$(value_of "$1" | wc -c)" -gt 0 ]; }

# Whether the newest version can be read, and its number in ANSWER. Where the project or the service is missing, so is the secret.
has_version() {
  local MISSING_TOO='SERVICE_DISABLED|has not been used in project|not enabled on project'
  [ "$DRY_RUN" = no ] && [ "$PROJECT_IS_THERE" = yes ] && ask gcloud secrets versions describe latest --secret="ml-pipeline-$1" --project="$PROJECT" --format='value(name.basename(),state)' || return 1
  [[ $ANSWER == *ENABLED* ]] || return 1
  ANSWER=${ANSWER%%[[:space:]]*}
}

hash_of_newest() { gcloud secrets versions access latest --secret="ml-pipeline-$1" --project="$PROJECT" | sha256sum; }

has_given_value() {
  local HINT="Values are compared by their hashes, which takes the right to read them (roles/secretmanager.secretAccessor). Where a value comes from the environment ($2), the one that is there is kept, unread, when it is not given."
  ask hash_of_newest "$1" && [ "$ANSWER" = "$(value_of "$1" | sha256sum)" ]
}

# What the environment does not give has to be there already.
check_secrets() {
  [ "$DRY_RUN" = no ] || return 0
  is_given redis-password || has_version redis-password || PROBLEMS+=('REDIS_PASSWORD is not set, and the secret ml-pipeline-redis-password has no value yet.')
  is_given redis-ca || has_version redis-ca || PROBLEMS+=("REDIS_CA_FILE is not set, and the secret ml-pipeline-redis-ca has no value yet: give the PEM file of the authority that signed Redis' certificate.")
  is_given temporal-api-key || has_version temporal-api-key || PROBLEMS+=('TEMPORAL_API_KEY is not set, and the secret ml-pipeline-temporal-api-key has no value yet.')
}

# fill_secret NAME SOURCE: SOURCE, a variable or a file, gives the value. The number of the version is then in <NAME>_VERSION.
fill_secret() {
  local name=ml-pipeline-$1 number
  number=$(tr 'a-z-' 'A-Z_' <<< "$1")_VERSION
  if has_version "$1" && { ! is_given "$1" || has_given_value "$1" "$2"; }; then there "value of $name"
  else make "value of $name, from standard input" gcloud secrets versions add "$name" --project="$PROJECT" --data-file=- < <(value_of "$1"); fi
  if [ "$DRY_RUN" = yes ]; then printf -v "$number" latest; return 0; fi
  has_version "$1" || stop "The value of $name was added and is not seen yet. Give the same command again in a minute."
  printf -v "$number" %s "$ANSWER"
}

make_secrets() {
  local name
  for name in "${SECRETS[@]}"; do
    ensure "secret ml-pipeline-$name" gcloud secrets describe "ml-pipeline-$name" --project="$PROJECT" -- gcloud secrets create "ml-pipeline-$name" --project="$PROJECT" --replication-policy=automatic --labels=app=ml-pipeline
  done
  fill_secret redis-password REDIS_PASSWORD
  fill_secret redis-ca REDIS_CA_FILE
  fill_secret temporal-api-key TEMPORAL_API_KEY
  fill_secret collector deploy/collector/config.yaml
}

# Reached through Google's own connection, which asks IAM; its public address admits no network.
make_database() {
  ensure "database server $SQL_INSTANCE" gcloud sql instances describe "$SQL_INSTANCE" --project="$PROJECT" -- gcloud sql instances create "$SQL_INSTANCE" --project="$PROJECT" --region="$REGION" --database-version=POSTGRES_15 --edition=enterprise --tier="$SQL_TIER" --backup --backup-start-time=03:00 --ssl-mode=ENCRYPTED_ONLY --deletion-protection
  ensure "database mlflow" gcloud sql databases describe mlflow --instance="$SQL_INSTANCE" --project="$PROJECT" -- gcloud sql databases create mlflow --instance="$SQL_INSTANCE" --project="$PROJECT"
  if has_version mlflow-database; then there 'user mlflow'; else make_database_user; fi
  fill_secret mlflow-database MLFLOW_DATABASE_URI
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
  MLFLOW_DATABASE_URI="postgresql+psycopg2://mlflow:$password@/mlflow?host=/cloudsql/$PROJECT:$REGION:$SQL_INSTANCE"
}
