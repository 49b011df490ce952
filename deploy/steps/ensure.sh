# How things are made: each is looked for first, and made where it is missing. In a dry run nothing is looked for, and what would make it is printed.

show_command() {
  local word line='    $'
  for word in "$@"; do
    if [[ $word =~ ^[A-Za-z0-9_./:=@,+%-]+$ ]]; then line+=" $word"; else line+=" '${word//\'/\'\\\'\'}'"; fi
  done
  printf '%s\n' "$line"
}

# make WHAT COMMAND...: standard input is the command's.
make() {
  local what=$1; shift
  if [ "$DRY_RUN" = yes ]; then printf 'would make: %s\n' "$what"; show_command "$@"; return 0; fi
  printf 'making: %s\n' "$what"
  "$@" || stop "$what could not be made: see the message above. What was made before stays; give the same command again when the cause is gone."
}

stop() { printf 'error: %s\n' "$*" >&2; exit 1; }

# ask COMMAND...: its answer in ANSWER. False where the thing is not there; any other failure ends the script, since it says nothing about whether the thing is there.
# MISSING_TOO: words that mean for this question alone that it is not there. HINT: what may have been the cause of a failure.
ask() {
  local errors status=0
  errors=$(mktemp)
  ANSWER=$("$@" 2> "$errors" < /dev/null) || status=$?
  if [ $status -eq 0 ]; then rm -f "$errors"; return 0; fi
  if grep -qiE 'not[_ ]?found|does not exist|cannot find|could not be found|404'"${MISSING_TOO:+|$MISSING_TOO}" "$errors" || grep -qi '^BigQuery error.*not found' <<< "$ANSWER"; then rm -f "$errors"; return 1; fi
  { printf '%s\n' "$ANSWER"; cat "$errors"; } >&2
  rm -f "$errors"
  stop "This could not be asked:$(show_command "$@" | tail -c +6)${HINT:+
$HINT}"
}

there() { printf 'there: %s\n' "$1"; }

# ensure WHAT LOOK... -- MAKE...: LOOK fails where the thing is missing.
ensure() { ensure_by present "$@"; }
# LOOK answers nothing where the thing is missing.
ensure_some() { ensure_by some "$@"; }

# ensure_line LINE WHAT LOOK... -- MAKE...: LOOK does not answer with this line where the thing is missing.
ensure_line() { local wanted=$1; shift; ensure_by line "$@"; }

ensure_by() {
  local how=$1 what=$2 look=(); shift 2
  while [ "$1" != -- ]; do look+=("$1"); shift; done
  shift
  if [ "$DRY_RUN" = no ] && ask "${look[@]}" && answer_shows "$how"; then there "$what"; return 0; fi
  make "$what" "$@"
}

answer_shows() {
  case $1 in
    present) return 0 ;;
    some) [ -n "$ANSWER" ] ;;
    line) grep -qxF -- "$wanted" <<< "$ANSWER" ;;
  esac
}
