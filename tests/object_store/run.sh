#!/usr/bin/env bash
# A registry in object stores, as a user has it: S3 as moto speaks it, Azure Blob Storage as Azurite does, both on this machine.
#
#   run.sh PROPENSITY
#
# PROPENSITY is the command. Installs the servers from their registries into a folder of the user's cache, and node from
# Debian, where it may; says so and succeeds where they are not there and cannot be installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
propensity="$(realpath "$1")"
servers="${XDG_CACHE_HOME:-$HOME/.cache}/propensity/object-stores"
python_pins=("moto[s3]==5.2.5" flask==3.1.3 flask-cors==6.0.5 azure-storage-blob==12.31.1)
node_pins=(azurite@3.34.0)

have() {
    command -v "$1" >/dev/null
}

skip() {
    echo "skipped: $1"
    exit 0
}

debian() {
    if [[ "$(id -u)" == 0 ]] && have apt-get; then
        echo "installing $*"
        { apt-get update && apt-get install -y --no-install-recommends "$@"; } >/dev/null 2>&1 || true
    fi
}

# Whether the folder holds what the pins say.
installed() {
    [[ "$(cat "$servers/$1/pins" 2>/dev/null)" == "$2" ]]
}

install_servers() {
    if ! installed python "${python_pins[*]}"; then
        have python3 || debian python3 python3-venv
        echo "installing ${python_pins[*]}"
        rm -rf "$servers/python"
        { python3 -m venv "$servers/python" || { debian python3-venv && python3 -m venv --clear "$servers/python"; }; } \
            && "$servers/python/bin/pip" install --quiet --disable-pip-version-check "${python_pins[@]}" \
            && echo "${python_pins[*]}" >"$servers/python/pins" || return 1
    fi
    have node || debian nodejs
    have node || return 1
    if ! installed node "${node_pins[*]}"; then
        have npm || debian npm
        echo "installing ${node_pins[*]}"
        rm -rf "$servers/node"
        npm install --prefix "$servers/node" --no-audit --no-fund --loglevel=error "${node_pins[@]}" \
            && echo "${node_pins[*]}" >"$servers/node/pins" || return 1
    fi
}

mkdir -p "$servers"
install_servers >"$servers/log" 2>&1 || { tail -n 5 "$servers/log"; skip "the servers are not there and cannot be installed"; }

work="$(mktemp -d)"
running=()
finish() {
    for process in "${running[@]}"; do
        kill "$process" 2>/dev/null || true
        wait "$process" 2>/dev/null || true
    done
    rm -rf "$work"
}
trap finish EXIT
# A signal would end the shell without the trap above.
trap 'exit 1' INT TERM HUP

# Starts a server that says where it listens, and sets `address`.
start() {
    local log="$work/$1.log"
    shift
    "$@" >"$log" 2>&1 &
    running+=("$!")
    for _ in $(seq 100); do
        address="$(sed -n 's/.*listens on \(http:[^ ]*\).*/\1/p' "$log")"
        [[ -z "$address" ]] || return 0
        sleep 0.2
    done
    echo "$1 has not started:" >&2
    cat "$log" >&2
    return 1
}

# No setting of the caller's reaches anything but these servers.
for variable in $(compgen -e | grep -E '^(AWS|AZURE|AZURITE|PROPENSITY)_' || true); do unset "$variable"; done
export NO_PROXY=127.0.0.1 no_proxy=127.0.0.1
start s3 "$servers/python/bin/python" "$here/serve_s3.py"
export AWS_ENDPOINT="$address" AWS_ALLOW_HTTP=true AWS_REGION=us-east-1
export AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=not-so-secret
start azure "$servers/node/node_modules/.bin/azurite-blob" --inMemoryPersistence --disableTelemetry --silent \
    --blobHost 127.0.0.1 --blobPort 0
export AZURITE_BLOB_STORAGE_URL="$address" AZURE_STORAGE_USE_EMULATOR=true

"$propensity" generate --accounts 400 --months 24 --seed 5 --format csv --out "$work/world" --quiet
# The shipped spec with its first product.
awk '/^\[\[product\]\]/ { products++ } products < 2' "$here/../../models/cloudascent.toml" >"$work/spec.toml"
for service in s3 az; do
    mkdir "$work/$service"
    "$here/user.sh" "$propensity" "$servers/python/bin/python" "$service" "$work"
done

# The servers end, and whoever asks is told within the time that a request may take.
for process in "${running[@]}"; do
    kill "$process"
    wait "$process" 2>/dev/null || true
done
for place in s3://models/smb az://models/smb; do
    began="$SECONDS"
    said="$("$propensity" registry list --registry "$place" 2>&1)" && { echo "$place answers from nowhere" >&2; exit 1; }
    if [[ "$said" != *"registry $place: cannot use head.json: the store fails"*"127.0.0.1"*"; check A"* ]]; then
        echo "$said" >&2
        exit 1
    fi
    if ((SECONDS - began > 20)); then
        echo "$place took $((SECONDS - began)) s to say that it does not answer" >&2
        exit 1
    fi
done
echo "ok: a registry in S3 (moto) and in Azure Blob Storage (Azurite), $SECONDS s"
