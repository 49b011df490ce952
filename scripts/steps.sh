# For other scripts: `step TITLE COMMAND...` runs the command under its title and says how long it took; the first failure ends the script.
step() {
  local title=$1 begin=$EPOCHREALTIME rc=0
  shift
  printf '\n== %s\n' "$title"
  "$@" || rc=$?
  if [ "$rc" != 0 ]; then
    printf '== %s failed (exit code %s), see above.\n' "$title" "$rc" >&2
    exit "$rc"
  fi
  printf '   %s s\n' "$(elapsed "$begin")"
}
# Seconds since the $EPOCHREALTIME given, with one decimal.
elapsed() {
  local micros=$((${EPOCHREALTIME/[.,]/} - ${1/[.,]/}))
  printf '%d.%d' $((micros / 1000000)) $((micros % 1000000 / 100000))
}
