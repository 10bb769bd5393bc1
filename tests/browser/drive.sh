#!/usr/bin/env bash
# Drives the page of a run in headless Chromium: search, account card, product, theme; no console error, no request.
#
#   drive.sh PROPENSITY [SHOTS]
#
# PROPENSITY is the command; SHOTS a folder for screenshots. Installs Chromium from Debian where it may; says so and
# succeeds where it is not there and cannot be installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
propensity="$(realpath "$1")"
shots="${2:-}"

browser() {
    command -v chromium || command -v chromium-browser || command -v google-chrome
}

if ! browser >/dev/null && [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing chromium"
    { apt-get update && apt-get install -y --no-install-recommends chromium; } >/dev/null 2>&1 || true
fi
if ! browser >/dev/null; then
    echo "skipped: there is no Chromium and none can be installed"
    exit 0
fi
if ! command -v python3 >/dev/null; then
    echo "skipped: there is no python3 to drive the browser with"
    exit 0
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
quiet=(--quiet --progress never)
"$propensity" run "$here/../../data-samples" --as-of 2025-11-01 --out "$work/before" "${quiet[@]}"
"$propensity" run "$here/../../data-samples" --as-of 2026-01-01 --model "$work/before/model.json" --out "$work/now" "${quiet[@]}"
"$propensity" page "$work/now" --viewer executive --previous "$work/before" --out "$work/now.html" "${quiet[@]}"
"$propensity" page "$work/before" --viewer executive --out "$work/before.html" "${quiet[@]}"
python3 "$here/drive.py" "$(browser)" "$work/now.html" "$work/before.html" "$shots"
