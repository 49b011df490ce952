# Who may do what: deploy/grants.tsv, one grant a line.

# Not every get-iam-policy takes a filter: the whole policy is listed, a line for each role and member.
POLICY_LINES=('--flatten=bindings[].members' '--format=value(bindings.role,bindings.members)')

grant_on_project() {
  ensure_line "$2"$'\t'"$1" "$1 has $2" gcloud projects get-iam-policy "$PROJECT" --project="$PROJECT" "${POLICY_LINES[@]}" -- gcloud projects add-iam-policy-binding "$PROJECT" --member="$1" --role="$2" --condition=None
}

grant_on_bucket() {
  ensure_line "$2"$'\t'"$1" "$1 has $2 on bucket $3" gcloud storage buckets get-iam-policy "gs://$3" --project="$PROJECT" "${POLICY_LINES[@]}" -- gcloud storage buckets add-iam-policy-binding "gs://$3" --project="$PROJECT" --member="$1" --role="$2"
}

grant_on_secret() {
  ensure_line "$2"$'\t'"$1" "$1 has $2 on secret $3" gcloud secrets get-iam-policy "$3" --project="$PROJECT" "${POLICY_LINES[@]}" -- gcloud secrets add-iam-policy-binding "$3" --project="$PROJECT" --member="$1" --role="$2"
}

grant_on_service() {
  ensure_line "$2"$'\t'"$1" "$1 has $2 on service $3" gcloud run services get-iam-policy "$3" --region="$REGION" --project="$PROJECT" "${POLICY_LINES[@]}" -- gcloud run services add-iam-policy-binding "$3" --region="$REGION" --project="$PROJECT" --member="$1" --role="$2"
}

grant_on_repository() {
  ensure_line "$2"$'\t'"$1" "$1 has $2 on repository $3" gcloud artifacts repositories get-iam-policy "$3" --location="$REGION" --project="$PROJECT" "${POLICY_LINES[@]}" -- gcloud artifacts repositories add-iam-policy-binding "$3" --location="$REGION" --project="$PROJECT" --member="$1" --role="$2"
}

# A dataset's roles are given and listed by SQL.
grant_on_dataset() {
  local look="SELECT privilege_type FROM \`$PROJECT.region-$REGION\`.INFORMATION_SCHEMA.OBJECT_PRIVILEGES WHERE object_name = '$3' AND grantee = '$1' AND privilege_type = '$2'"
  ensure_some "$1 has $2 on dataset $3" bq --project_id="$PROJECT" --location="$REGION" --quiet query --use_legacy_sql=false --format=csv "$look" -- bq --project_id="$PROJECT" --location="$REGION" --quiet query --use_legacy_sql=false "GRANT \`$2\` ON SCHEMA \`$PROJECT.$3\` TO \"$1\""
}

# make_grants services|others: those on services need the services.
make_grants() {
  local account role kind resource _why
  while IFS=$'\t' read -r account role kind resource _why <&3; do
    case $account in '' | '#'*) continue ;; esac
    if [ "$1" = services ]; then [ "$kind" = service ] || continue; else [ "$kind" != service ] || continue; fi
    resource=$(fill_in <<< "$resource")
    "grant_on_$kind" "serviceAccount:$account@$PROJECT.iam.gserviceaccount.com" "$role" "$resource"
  done 3< deploy/grants.tsv
}
