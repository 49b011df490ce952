# The dashboard and the alert policies of deploy/monitoring. They are known by their display names; the label `definition` is the hash of what was given, and what has the same one is left alone.

# labelled FILE: the definition with its hash, as a file of $WORK whose name is printed. The channel is part of what was given.
labelled() {
  local file
  HASH=$({ cat "$1"; printf %s "${ALERT_CHANNEL:-}"; } | sha256sum | cut -c1-16)
  file=$WORK/$(basename "$1")
  sed -E '1,/"app": "/s/^( *)"app": ("[a-z-]*")$/\1"app": \2,\n\1"definition": "'"$HASH"'"/' "$1" > "$file"
  LABELLED=$file
}

# ask_known KIND NAME LABELS: its resource name in KNOWN and its hash in KNOWN_HASH; both empty where there is none.
ask_known() {
  KNOWN='' KNOWN_HASH=''
  [ "$DRY_RUN" = no ] || return 0
  if ask gcloud monitoring "$1" list --project="$PROJECT" --filter="displayName=\"$2\"" --format="value(name,$3.definition)"; then read -r KNOWN KNOWN_HASH <<< "$ANSWER" || true; fi
}

display_name() { sed -n 's/^  "displayName": "\(.*\)",\{0,1\}$/\1/p' "$1" | head -1; }

make_policy() {
  local name
  name=$(display_name "$1")
  labelled "$1"
  ask_known policies "$name" userLabels
  if [ -n "$KNOWN" ] && [ "$KNOWN_HASH" = "$HASH" ]; then there "alert policy $name"
  elif [ -n "$KNOWN" ]; then make "alert policy $name" gcloud monitoring policies update "$KNOWN" --project="$PROJECT" --policy-from-file="$LABELLED" ${ALERT_CHANNEL:+"--set-notification-channels=$ALERT_CHANNEL"}
  else make "alert policy $name" gcloud monitoring policies create --project="$PROJECT" --policy-from-file="$LABELLED" ${ALERT_CHANNEL:+"--notification-channels=$ALERT_CHANNEL"}; fi
}

# A dashboard is replaced as a whole; an update would need the etag of the one that is there.
make_dashboard() {
  local name
  name=$(display_name "$1")
  labelled "$1"
  ask_known dashboards "$name" labels
  if [ -n "$KNOWN" ] && [ "$KNOWN_HASH" = "$HASH" ]; then there "dashboard $name"; return 0; fi
  [ -z "$KNOWN" ] || make "room for the new dashboard $name" gcloud monitoring dashboards delete "$KNOWN" --project="$PROJECT" --quiet
  make "dashboard $name" gcloud monitoring dashboards create --project="$PROJECT" --config-from-file="$LABELLED"
}

make_monitoring() {
  local file
  for file in deploy/monitoring/alerts/*.json; do make_policy "$file"; done
  make_dashboard deploy/monitoring/dashboard.json
}
