#!/usr/bin/env bash
# Stands in for gcloud and bq: writes down what it is told, keeps what was made as a file of its folder, and answers from that.
set -euo pipefail
tool=${0##*/}
printf '%q ' "$tool" "$@" >> "$STAND_IN/commands"; echo >> "$STAND_IN/commands"
option() { local word; for word in "${words[@]}"; do case $word in "$1="*) printf %s "${word#*=}"; return ;; esac; done; }
key() { local name="$*"; printf %s "${name//[^A-Za-z0-9]/_}"; }
made() { local name="$*"; [ -e "$STAND_IN/${name//[^A-Za-z0-9]/_}" ]; }
make() {
  if [ -n "${FAIL_AT:-}" ] && [[ "$*" == *"$FAIL_AT"* ]]; then echo "ERROR: PERMISSION_DENIED: not allowed" >&2; exit 1; fi
  echo "$*" >> "$STAND_IN/made"; : > "$STAND_IN/$(key "$@")"
}
# The bucket as the API has it (https://cloud.google.com/storage/docs/json_api/v1/buckets), printed as gcloud prints JSON: keys sorted, two spaces.
describe_bucket() {
  local location owner=123456789
  location=$(cat "$STAND_IN/$(key location "$1")")
  [ ! -e "$STAND_IN/$(key owner "$1")" ] || owner=$(cat "$STAND_IN/$(key owner "$1")")
  printf '{\n  "iamConfiguration": {\n    "publicAccessPrevention": "enforced",\n    "uniformBucketLevelAccess": {\n      "enabled": true,\n      "lockedTime": "2027-02-22T00:00:00+00:00"\n    }\n  },\n'
  if made settings "$1"; then printf '  "labels": {\n    "app": "ml-pipeline"\n  },\n  "lifecycle": %s,\n' "$(cat "$STAND_IN/$(key rules "$1")")"; fi
  printf '  "location": "%s",\n  "projectNumber": "%s"\n}\n' "$location" "$owner"
}
# Versions are files, numbered from 1; the word DISABLED in one named state- is its state.
secrets() {
  local name=${plain[3]:-} count=0
  if [ "${plain[1]}" = versions ] && [ "${plain[2]}" != add ]; then name=$(option --secret); fi
  while [ -e "$STAND_IN/value-$name-$((count + 1))" ]; do count=$((count + 1)); done
  case "${plain[*]}" in
    'secrets versions add '*) make version "$name"; cat > "$STAND_IN/value-$name-$((count + 1))" ;;
    'secrets versions describe latest') [ $count -gt 0 ] || missing "$name"; printf '%s\t%s\n' $count "$(cat "$STAND_IN/state-$name-$count" 2> /dev/null || echo ENABLED)" ;;
    'secrets versions access latest') cat "$STAND_IN/value-$name-$count" ;;
    *' get-iam-policy '* | *' add-iam-policy-binding '*) policy ;;
    'secrets describe '*) made secrets "${plain[2]}" || missing "${plain[2]}" ;;
    'secrets create '*) make secrets "${plain[2]}" ;;
    *) echo "ERROR: the stand-in does not know: ${plain[*]}" >&2; exit 3 ;;
  esac
}
policy() {
  local file
  file=$STAND_IN/$(key policy "${plain[-1]}")
  if [[ "${plain[*]}" == *' get-iam-policy '* ]]; then [ ! -e "$file" ] || cat "$file"
  else make grant "${plain[-1]}" "$(option --role)" "$(option --member)"; printf '%s\t%s\n' "$(option --role)" "$(option --member)" >> "$file"; fi
}
# A policy or dashboard: its resource name and its label, as a list with that format prints them.
monitored() {
  local name
  name=$(sed -n 's/^  "displayName": "\(.*\)",$/\1/p' "$2")
  make "$1" "$name"
  printf 'projects/1/%s/7\t%s\n' "$1" "$(sed -n 's/^ *"definition": "\(.*\)"$/\1/p' "$2")" > "$STAND_IN/$(key "$1" "$name")"
}
missing() { echo "ERROR: NOT_FOUND: $*" >&2; exit 1; }
if [ -n "${REFUSE:-}" ]; then echo "ERROR: (gcloud) You do not currently have an active account selected." >&2; exit 1; fi
words=("$@")
plain=(); for word in "$@"; do [[ $word == -* ]] || plain+=("$word"); done

if [ "$tool" = bq ]; then
  last=${words[-1]}
  case ${plain[0]} in
    show) made dataset "$last" || { echo "BigQuery error in show operation: Not found: Dataset $last"; exit 2; } ;;
    mk) make dataset "$last" ;;
    query) if [[ $last == GRANT* ]]; then make grant "$(sed -E 's/.*`(roles[^`]+)`.*\.([a-z_]+)` TO "([^"]+)"/\1 \2 \3/' <<< "$last")"
      else ! made grant "$(sed -E "s/.*object_name = '([^']+)' AND grantee = '([^']+)' AND privilege_type = '([^']+)'/\3 \1 \2/" <<< "$last")" || printf 'privilege_type\nrole\n'; fi ;;
  esac
  exit 0
fi
case "${plain[*]}" in
  'projects describe '*) made project "${plain[2]}" || { echo "ERROR: (gcloud.projects.describe) [me@example.com] does not have permission to access projects instance [${plain[2]}] (or it may not exist): The caller does not have permission" >&2; exit 1; }; echo 123456789 ;;
  'projects create '*) make project "${plain[2]}" ;;
  'billing projects describe '*) ! made billing || echo billingAccounts/0-0-0 ;;
  'billing projects link '*) make billing ;;
  'services list') ! made services || tr ' ' '\n' < "$STAND_IN/enabled" ;;
  'services enable '*) make services; printf '%s ' "${plain[@]:2}" > "$STAND_IN/enabled" ;;
  'secrets '*) made services || { echo "ERROR: (gcloud.secrets) PERMISSION_DENIED: Secret Manager API has not been used in project 123456789 before or it is disabled. reason: SERVICE_DISABLED" >&2; exit 1; }; secrets ;;
  'sql users list') ! made user mlflow || echo mlflow ;;
  'sql users create '* | 'sql users set-password '*) cp "$(option --flags-file)" "$STAND_IN/password"; make user mlflow ;;
  'storage buckets create '*) make storage buckets "${plain[3]}"; option --location | tr '[:lower:]' '[:upper:]' > "$STAND_IN/$(key location "${plain[3]}")" ;;
  'storage buckets update '*) cat "$(option --lifecycle-file)" > "$STAND_IN/$(key rules "${plain[3]}")"; make settings "${plain[3]}" ;;
  'storage buckets describe '*) made storage buckets "${plain[3]}" || missing "${plain[3]}"; describe_bucket "${plain[3]}" ;;
  *' get-iam-policy '* | *' add-iam-policy-binding '*) policy ;;
  'artifacts docker images describe '*) made images "${plain[-1]}" || missing image ;;
  'builds submit '*) for image in $(option --substitutions | tr , ' '); do make images "${image#*=}"; done ;;
  'run '*' replace '*) name=$(sed -n 's/^  name: //p' "${plain[-1]}"); cp "${plain[-1]}" "$STAND_IN/$name.yaml"; make run "${plain[1]}" "$name" ;;
  'run '*' describe '*) made run "${plain[1]}" "${plain[-1]}" || missing "${plain[-1]}"; sed -n 's/^    definition: "\(.*\)"/\1/p' "$STAND_IN/${plain[-1]}.yaml" ;;
  'monitoring '*' list') file=$STAND_IN/$(key "${plain[1]}" "$(option --filter | cut -d'"' -f2)"); [ ! -e "$file" ] || cat "$file" ;;
  'monitoring policies update '* | 'monitoring '*' create') monitored "${plain[1]}" "$(option --policy-from-file)$(option --config-from-file)" ;;
  'monitoring dashboards delete '*) make removed "${plain[3]}" ;;
  'logging sinks describe '*) made logging sinks "${plain[3]}" || missing sink; echo serviceAccount:sink@example.iam.gserviceaccount.com ;;
  'logging sinks create '*) make logging sinks "${plain[3]}" ;;
  *' describe '*) made "${plain[@]:0:${#plain[@]}-2}" "${plain[-1]%%@*}" || missing "${plain[-1]}" ;;
  *' create '*) make "${plain[@]:0:${#plain[@]}-2}" "${plain[-1]}" ;;
  *) echo "ERROR: the stand-in does not know: $*" >&2; exit 3 ;;
esac
