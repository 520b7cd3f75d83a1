#!/usr/bin/env bash
# AMQP peers that are not our library, pinned from PyPI: Apache Qpid Proton receives from our client and asks the sandbox's
# queues, and Microsoft's own SDK talks to the sandbox's broker.
#
#   tests/amqp/run.sh      PEERPACT_BIN=… chooses the binary, PYTHON=… a Python that has what requirements.txt names
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

if [[ -z "${PYTHON:-}" ]]; then
    venv=$root/.venv/amqp
    # A venv that another version or an interrupted install left behind is not used.
    if ! cmp -s "$root/tests/amqp/requirements.txt" "$venv/installed"; then
        echo "installing Qpid Proton and the Service Bus SDK into $venv"
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check -r "$root/tests/amqp/requirements.txt"
        cp "$root/tests/amqp/requirements.txt" "$venv/installed"
    fi
    PYTHON=$venv/bin/python
fi

echo "== our client sends to Qpid Proton"
# The whole workspace, so that features come out as for all tests and nothing is built a second time.
PEERPACT_PROTON_PYTHON=$PYTHON cargo test --manifest-path "$root/Cargo.toml" --workspace --test it queue::proton:: -- --show-output \
    >"$work/listener.log" 2>&1 || { cat "$work/listener.log" >&2; exit 1; }
# Without its Python each of them passes and says that it was skipped.
if grep -q '^skipped: ' "$work/listener.log" || ! grep -E '^test result: ok\. [1-9]' "$work/listener.log"; then
    cat "$work/listener.log" >&2
    echo "FAILED: the listener was not run" >&2
    exit 1
fi

# The SDK has the queues to itself: an app would take its messages.
for run in "sdk.py none" "carried_out.py both"; do
    read -r script apps <<<"$run"
    echo "== $script"
    ready=$work/ready.json
    rm -f "$ready"
    "$bin" sandbox up --apps "$apps" --ready-file "$ready" >"$work/sandbox.log" 2>&1 &
    sandbox=$!
    for _ in $(seq 600); do
        [[ -e "$ready" ]] && break
        kill -0 "$sandbox" 2>/dev/null || break
        sleep 0.1
    done
    if [[ ! -e "$ready" ]] || ! "$PYTHON" "$root/tests/amqp/$script" "$ready"; then
        echo "FAILED: $script; the sandbox's last words:" >&2
        tail -n 40 "$work/sandbox.log" >&2
        exit 1
    fi
    kill -TERM "$sandbox"
    wait "$sandbox"
    sandbox=
done
