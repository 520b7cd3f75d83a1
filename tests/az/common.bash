# What the scripts of this folder share. Sourced with `ready_file` set and `set -euo pipefail` in force.
#
# A line for each step that held; the first that does not is reported with what differs, and ends the script with 1.
# AZ chooses the command, PATIENCE how many seconds something that happens by itself may take.
# shellcheck shell=bash disable=SC2154

az=${AZ:-az}
patience=${PATIENCE:-150} # seconds until something that happens by itself must have happened
passed=0
doing="reading $ready_file"
work=$(mktemp -d)
finish() {
    local code=$?
    rm -rf "$work"
    if ((code != 0)); then
        [[ -z "$doing" ]] || echo "FAILED while $doing" >&2
        echo "$passed passed, 1 failed"
        exit 1
    fi
}
trap finish EXIT

ready() { # ready PATH: a value of the ready file, such as tenants.contoso.tenantId
    python3 - "$ready_file" "$1" <<'PYTHON'
import json, sys
value = json.load(open(sys.argv[1]))
for key in sys.argv[2].split("."):
    value = value[key]
print(value)
PYTHON
}

held() {
    passed=$((passed + 1))
    echo "ok $passed - $1"
}

same() { # same WHAT EXPECTED ACTUAL
    if [[ "$2" != "$3" ]]; then
        printf 'FAILED: %s\n  expected: %s\n  actual:   %s\n' "$1" "$2" "$3" >&2
        doing=
        exit 1
    fi
    held "$1"
}

becomes() { # becomes WHAT EXPECTED COMMAND...: the command's output is EXPECTED before patience ends
    local what=$1 expected=$2 actual=
    shift 2
    doing="waiting until $what"
    local deadline=$((SECONDS + patience))
    while actual=$("$@"); [[ "$actual" != "$expected" ]] && ((SECONDS < deadline)); do sleep 0.5; done
    same "$what" "$expected" "$actual"
}

# Each identity has a configuration folder of its own, as on separate machines: a cached token of one would hide what another lacks.
as() { # as IDENTITY COMMAND...
    local identity=$1
    shift
    doing="$identity runs: az $*"
    AZURE_CONFIG_DIR="$work/$identity" "$az" "$@"
}

sign_in() { # sign_in IDENTITY CLIENT_ID CLIENT_SECRET TENANT_ID
    doing="$1 signs in to $4" # the command line holds the secret
    AZURE_CONFIG_DIR="$work/$1" "$az" login --service-principal -u "$2" -p "$3" --tenant "$4" -o none
}

new_cloud() { # new_cloud IDENTITY
    as "$1" cloud register -n Sandbox --endpoint-resource-manager "$(ready resourceManager)"
    as "$1" cloud set -n Sandbox
}

REQUESTS_CA_BUNDLE=$(ready caBundle)
export REQUESTS_CA_BUNDLE
export AZURE_CORE_INSTANCE_DISCOVERY=false AZURE_CORE_COLLECT_TELEMETRY=no AZURE_CORE_ONLY_SHOW_ERRORS=1
export AZURE_EXTENSION_USE_DYNAMIC_INSTALL=no
