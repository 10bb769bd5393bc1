#!/usr/bin/env bash
# Everything a user does with a registry in a bucket; run.sh has started the server and set the environment.
#
#   user.sh PROPENSITY PYTHON s3|az WORK
#
# WORK has `world`, `spec.toml` and an empty folder named after the service.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
propensity="$1" python="$2" service="$3" work="$4"
began="$SECONDS"
cd "$work/$service"

fail() {
    echo "$service: $1" >&2
    [[ -z "${2:-}" ]] || echo "$2" >&2
    exit 1
}

# Runs the command, which must end with this exit code and say this; `said` is all that it says.
ends() {
    local code="$1" text="$2" ended=0
    shift 2
    said="$("$propensity" "$@" 2>&1)" || ended=$?
    [[ "$ended" == "$code" ]] || fail "propensity $*: exit code $ended, expected $code" "$said"
    [[ "$said" == *"$text"* ]] || fail "propensity $*: does not say \"$text\"" "$said"
    [[ "$said" != *not-so-secret* ]] || fail "propensity $*: repeats a secret" "$said"
}

objects() {
    "$python" "$here/objects.py" "$service" "$@"
}

events() {
    "$propensity" registry log | wc -l
}

# No bucket yet, and addresses that are none.
export PROPENSITY_REGISTRY="$service://models/smb"
retrain=(retrain ../world --spec ../spec.toml --as-of)
ends 2 "there is no such bucket or container" registry list
ends 2 "make it, or correct its name" "${retrain[@]}" 2025-10-25
ends 2 "expected a folder, s3://BUCKET/PREFIX or az://CONTAINER/PREFIX" registry list --registry gs://models/smb
ends 2 "keys belong into the environment" registry list --registry "$service://me:not-so-secret@models/smb"
[[ -z "$(ls)" ]] || fail "left files behind: $(ls)"
objects make models
ends 0 "the registry is empty" registry list

# Two versions: the first is champion, the second is not good enough, and is promoted by hand.
ends 0 "is the first champion" "${retrain[@]}" 2025-10-25 --by nightly
first="$("$propensity" registry list --json | sed -n 's/.*"version": "\(.*\)",*/\1/p')"
ends 0 "nothing is due" "${retrain[@]}" 2025-10-26
ends 1 "error[E_PROMOTION_REFUSED]" "${retrain[@]}" 2025-11-25 --force
second="$("$propensity" registry list | awk 'NR == 2 { print $1 }')"
ends 0 "\"version\": \"$second\"" registry show "${second:0:6}"
ends 0 "cloudascent/$second is champion" registry promote "$second" --on 2025-12-01 --by ann --reason "ann knows better"
ends 0 "2025-11-30  cloudascent  $first" registry at 2025-11-30
ends 0 "2025-12-01  cloudascent  $second" registry at 2025-12-01
ends 0 "ann knows better  (ann)" registry log
ends 0 "cloudascent/$first is champion again" registry rollback --on 2025-12-02
ends 2 "error[E_REGISTRY_NO_PREVIOUS]" registry rollback
ends 0 "cloudascent/$second is champion" registry promote "$second"
ends 0 "events and" registry verify
head="${said##* }"

# What a champion is for, and what came of the deals.
ends 0 "" run ../world --as-of 2025-12-01 --registry "$PROPENSITY_REGISTRY" --out run --quiet
grep -q "\"$second\"" run/run.json || fail "the run was not scored by the champion $second"
ends 0 "against 2025-11-25" drift ../world --as-of 2025-12-01 --registry "$PROPENSITY_REGISTRY"
header=opportunity_id,account_id,product,created_at,closed_at,status,substatus
for writer in 1 2 3 4; do
    printf '%s\nw%s,account1,azure,2025-11-01,2025-11-20,Closed,Won\n' "$header" "$writer" >"deals-$writer.csv"
done
feedback=(feedback --as-of 2025-12-01)
ends 0 "" "${feedback[@]}" deals-1.csv
ends 0 "this export was taken in before" "${feedback[@]}" deals-1.csv
ends 0 "" outcomes run/scores/as_of=2025-12-01/part-000.parquet --as-of 2025-12-25

# Writers at once. One is overtaken while its hook is asked: it is told, and nothing of it counts.
cat >overtake <<'HOOK'
#!/usr/bin/env bash
set -euo pipefail
if [[ "$(cat)" == *'"before_fit"'* ]]; then "$OVERTAKER" registry promote previous --reason overtaken --quiet; fi
HOOK
chmod +x overtake
export OVERTAKER="$propensity"
before="$(events)"
ends 2 "error[E_REGISTRY_MOVED]" "${retrain[@]}" 2025-12-25 --force --hook ./overtake
[[ "$(events)" == "$((before + 1))" ]] || fail "the writer that was overtaken has written too"
# Some race: every success is an event, every other writer is told.
before="$(events)" won=0
for round in 1 2 3; do
    racing=()
    for writer in 1 2 3 4; do
        "$propensity" registry promote previous --by "$writer" >"race-$writer" 2>&1 &
        racing+=("$!")
    done
    for writer in 1 2 3 4; do
        if wait "${racing[writer - 1]}"; then
            won=$((won + 1))
        else
            grep -q 'error\[E_REGISTRY_MOVED\]' "race-$writer" || fail "round $round" "$(cat "race-$writer")"
        fi
    done
done
((won >= 3)) || fail "$won promotions in three rounds"
[[ "$(events)" == "$((before + won))" ]] || fail "$won promotions, but $before events became $(events)"
# Feedback tries again until it is heard.
before="$(events)" racing=()
for writer in 2 3 4; do
    "$propensity" "${feedback[@]}" "deals-$writer.csv" --quiet &
    racing+=("$!")
done
for writer in "${racing[@]}"; do wait "$writer" || fail "feedback was not heard"; done
[[ "$(events)" == "$((before + 3))" ]] || fail "feedback was lost"
ends 0 "events and" registry verify --head "$head"
events="$(events)"

# The bucket holds what docs/registry.md says and nothing else.
layout='^smb/(ledger\.jsonl|head\.json|\.conditions|models/cloudascent/aliases\.json|(comparisons|outcomes)/[0-9a-f]{64}\.jsonl?|models/cloudascent/[0-9a-f]{12}/(model|metrics|manifest|model_card)\.(json|md|svg))$'
others="$(objects list models | grep -Ev "$layout" || true)"
[[ -z "$others" ]] || fail "objects that nobody knows" "$others"

# Whoever edits an object is found out, and the copy put back is believed again.
objects edit models smb/ledger.jsonl "ann knows better" "ann knows butter"
ends 1 "the hash of its entry is" registry verify
ends 2 "error[E_REGISTRY_LEDGER]" registry list
objects edit models smb/ledger.jsonl "ann knows butter" "ann knows better"
card="models/cloudascent/$second/model_card.md"
objects edit models "smb/$card" "# Model card" "# Model curd"
ends 1 "$card: its SHA-256 is" registry verify
objects edit models "smb/$card" "# Model curd" "# Model card"
ends 0 "$events events and" registry verify

# Credentials that open nothing are named by what is refused.
if [[ "$service" == az ]]; then
    AZURE_STORAGE_ACCOUNT_KEY=bm90LXNvLXNlY3JldA== ends 2 "the store refuses the credentials" registry list
    AZURE_STORAGE_USE_EMULATOR=false ends 2 "error[E_REGISTRY_SETTINGS]" registry list
fi
echo "ok: $service, $events events, $((SECONDS - began)) s"
