#!/usr/bin/env bash
# Runs every script of this folder against a sandbox of its own, with the pinned Azure CLI and SDK from PyPI.
#
#   tests/az/run.sh        PEERPACT_BIN=… chooses the binary, AZ=… and PYTHON=… an Azure CLI and a Python with the Azure SDK
#                          that are there already
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
bin=${PEERPACT_BIN:-$root/target/debug/peerpact}
work=$(mktemp -d)
sandbox=

finish() {
    if [[ -n "$sandbox" ]] && kill -0 "$sandbox" 2>/dev/null; then
        kill -TERM "$sandbox"
        wait "$sandbox" || true
    fi
    rm -rf "$work"
}
trap finish EXIT

if [[ -z "${AZ:-}" ]]; then
    venv=$root/.venv/azcli
    # A venv that another version or an interrupted install left behind is not used.
    if ! cmp -s "$root/tests/az/requirements.txt" "$venv/installed"; then
        echo "installing the Azure CLI and SDK into $venv (about two minutes)"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/az/requirements.txt"
        cp "$root/tests/az/requirements.txt" "$venv/installed"
    fi
    AZ=$venv/bin/az
    PYTHON=$venv/bin/python
fi
export AZ PYTHON=${PYTHON:-python3}

children() { # children PID: what it started
    local stat
    for stat in /proc/[0-9]*/stat; do
        # The name, in parentheses, may hold anything: the parent is the second field after its end.
        sed -nE 's/^([0-9]+) .*\) . ([0-9]+) .*/\1 \2/p' "$stat" 2>/dev/null || true
    done | awk -v parent="$1" '$2 == parent { print $1 }'
}

failed=0
for script in "$root"/tests/az/*.sh; do
    [[ $(basename "$script") == run.sh ]] && continue
    echo "== $(basename "$script")"
    ready=$work/ready.json
    rm -f "$ready"
    "$bin" sandbox up --ready-file "$ready" >"$work/sandbox.log" 2>&1 &
    sandbox=$!
    for _ in $(seq 600); do
        [[ -e "$ready" ]] && break
        kill -0 "$sandbox" 2>/dev/null || break
        sleep 0.1
    done
    if [[ ! -e "$ready" ]]; then
        echo "the sandbox did not come up:" >&2
        cat "$work/sandbox.log" >&2
        exit 1
    fi
    if ! "$script" "$ready"; then
        failed=$((failed + 1))
        echo "the sandbox's last words:" >&2
        tail -n 40 "$work/sandbox.log" >&2
    fi

    started=$(children "$sandbox")
    kill -TERM "$sandbox"
    ended=0
    wait "$sandbox" || ended=$?
    for pid in $started; do
        if kill -0 "$pid" 2>/dev/null; then
            echo "FAILED: the sandbox ended and left process $pid behind" >&2
            failed=$((failed + 1))
        fi
    done
    if ((ended != 0)); then
        echo "FAILED: the sandbox ended on SIGTERM with $ended instead of 0" >&2
        failed=$((failed + 1))
    fi
    sandbox=
    echo "the sandbox and $(wc -w <<<"$started") handlers are gone"
done
exit $((failed > 0))
