#!/usr/bin/env bash
# Opens a workbook of every report in LibreOffice without a screen and converts it to PDF.
#
#   convert.sh PROPENSITY [FOLDER]
#
# PROPENSITY is the command; FOLDER keeps workbooks and PDFs. Installs LibreOffice Calc from Debian where it may; says so
# and succeeds where it is not there and cannot be installed.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
propensity="$(realpath "$1")"
kept="${2:-}"

office() {
    command -v soffice || command -v libreoffice
}

if ! office >/dev/null && [[ "$(id -u)" == 0 ]] && command -v apt-get >/dev/null; then
    echo "installing libreoffice-calc-nogui"
    { apt-get update && apt-get install -y --no-install-recommends libreoffice-calc-nogui; } >/dev/null 2>&1 || true
fi
if ! office >/dev/null; then
    echo "skipped: there is no LibreOffice and none can be installed"
    exit 0
fi

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
quiet=(--quiet --progress never)
"$propensity" run "$here/../../data-samples" --as-of 2026-01-01 --model "$here/../../models/reference/cloudascent.json" \
    --out "$work/run" "${quiet[@]}"
mkdir "$work/books"
books=()
for report in renewal azure d365 m365 security surface; do
    books+=("$work/books/$report.xlsx")
    "$propensity" report "$work/run" --report "$report" --profile clas2025 --viewer executive --format xlsx \
        --out "$work/books/$report.xlsx" "${quiet[@]}"
done
# A profile of its own: LibreOffice starts only once per profile, and writes into it.
"$(office)" -env:UserInstallation="file://$work/profile" --headless --convert-to pdf --outdir "$work/books" "${books[@]}" \
    >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 1; }
for book in "${books[@]}"; do
    pdf="${book%.xlsx}.pdf"
    if [[ "$(head -c 5 "$pdf" 2>/dev/null)" != "%PDF-" ]]; then
        echo "$(basename "$book") was not converted" >&2
        cat "$work/log" >&2
        exit 1
    fi
done
echo "ok: ${#books[@]} workbooks opened and printed"
if [[ -n "$kept" ]]; then
    mkdir -p "$kept"
    cp "$work"/books/* "$kept/"
fi
