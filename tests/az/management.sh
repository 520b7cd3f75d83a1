#!/usr/bin/env bash
# The written tutorial "configure a cross-tenant connection in Azure Virtual Network Manager", done by the real Azure CLI
# (`az rest`; its network-manager extension is on no registry) and by azure-mgmt-network against a running sandbox, except for
# its middle: nobody creates or removes the other half of a connection.
#
#   tests/az/management.sh READY_FILE     AZ=/path/to/az and PYTHON=/path/to/python (with azure-mgmt-network) choose the tools
#
# With BY_HAND=1 the other halves are written and removed here too: the same steps against a sandbox without apps
# (`peerpact sandbox up --apps none`), which shows that the sandbox holds.
set -euo pipefail

ready_file=${1:?usage: management.sh READY_FILE}
# shellcheck source=tests/az/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"
python=${PYTHON:-python3}
by_hand=${BY_HAND:-}
here=$(dirname "${BASH_SOURCE[0]}")
version="api-version=2024-05-01"
contoso=$(ready tenants.contoso.subscriptionId)
fabrikam=$(ready tenants.fabrikam.subscriptionId)
fabrikam_tenant=$(ready tenants.fabrikam.tenantId)
subscription=/subscriptions/$fabrikam
management_group=/providers/Microsoft.Management/managementGroups/$(ready tenants.fabrikam.managementGroupId)
manager=/subscriptions/$contoso/resourceGroups/manager-rg/providers/Microsoft.Network/networkManagers/central
members=$manager/networkGroups/partners/staticMembers

rest() { # rest TENANT METHOD PATH ARGUMENT...: az rest as the tenant's operator
    as "operator-$1" rest --method "$2" --url "$3?$version" "${@:4}"
}

sdk() { # sdk WHO COMMAND ARGUMENT...
    doing="$1 calls azure-mgmt-network: ${*:2}"
    "$python" "$here/management_sdk.py" "$ready_file" "$@"
}

refused() { # refused WHAT PATTERN COMMAND...: the command fails and says why
    local what=$1 pattern=$2 said
    shift 2
    if said=$("$@" 2>&1); then
        printf 'FAILED: %s was not refused\n' "$what" >&2
        doing=
        exit 1
    fi
    [[ "$said" =~ $pattern ]] && said=$pattern
    same "$what" "$pattern" "$said"
}

# --- what only the apps know -----------------------------------------------------------------------------------------------------
apps() { # apps records|sweep|calls: asks both apps, or the sandbox about their calls
    doing="asking both apps: $1"
    python3 - "$ready_file" "$@" <<'PYTHON'
import json, ssl, sys, urllib.request

ready = json.load(open(sys.argv[1]))
what = sys.argv[2]

def ask(app, path, method="GET"):
    body = b"{}" if method == "POST" else None
    headers = {"x-functions-key": app["masterKey"], "content-type": "application/json"}
    request = urllib.request.Request(app["functions"] + path, body, headers, method=method)
    answer = urllib.request.urlopen(request).read()
    return json.loads(answer) if answer else None

if what == "sweep":
    for tenant in ready["tenants"].values():
        if tenant.get("functions"):
            ask(tenant, "/admin/functions/StatusSweep", "POST")
elif what == "records":
    # The open records about network managers: their phases, and whether all are about the same handshake.
    records = [
        (name, record["phase"], record["id"])
        for name, tenant in ready["tenants"].items()
        for record in ask(tenant, "/api/handshakes")
        if record["kind"] == "management" and record["phase"] != "closed"
    ]
    phases = " ".join(f"{name}:{phase}" for name, phase, _ in sorted(records))
    print(phases or "none", "one handshake" if len({handshake for *_, handshake in records}) == 1 else "")
else:
    context = ssl.create_default_context(cafile=ready["caBundle"])
    calls = json.load(urllib.request.urlopen(ready["control"] + "/calls?since=" + sys.argv[3], context=context))
    if what == "sequence":
        print(max([call["sequence"] for call in calls], default=0))
    people = {tenant["operator"]["clientId"] for tenant in ready["tenants"].values()}
    for call in calls if what == "writers" else []:
        half = call["path"].lower().rstrip("/").split("/")[-2]
        if call["method"] == "PUT" and half in ("scopeconnections", "networkmanagerconnections") and call["status"] < 300:
            print(half, "by hand" if call["principal"] in people else "by an app")
PYTHON
}

told() { "$@"; } # told COMMAND...: events tell the apps
swept() { # swept COMMAND...: no event tells about a management group, so the apps' timer is started first
    [[ -n "$by_hand" ]] || apps sweep
    "$@"
}

# --- the halves ------------------------------------------------------------------------------------------------------------------
central_states() { # of the manager's scope connections; there is at most one at a time
    rest contoso get "$manager/scopeConnections" --query "value[].properties.connectionState" -o tsv
}
target_states() { # target_states SCOPE
    rest fabrikam get "$1/providers/Microsoft.Network/networkManagerConnections" --query "value[].properties.connectionState" -o tsv
}
central_name() { rest contoso get "$manager/scopeConnections" --query "value[0].name" -o tsv; }
target_name() { rest fabrikam get "$1/providers/Microsoft.Network/networkManagerConnections" --query "value[0].name" -o tsv; }

put_central() { # put_central TOOL SCOPE: prints the state that the creation answers
    if [[ "$1" == sdk ]]; then
        sdk contoso put-scope-connection manager-rg central to-fabrikam "$fabrikam_tenant" "$2" | cut -d' ' -f2
    else
        rest contoso put "$manager/scopeConnections/to-fabrikam" --query properties.connectionState -o tsv --body \
            "{\"properties\": {\"tenantId\": \"$fabrikam_tenant\", \"resourceId\": \"$2\", \"description\": \"by az\"}}"
    fi
}
put_target() { # put_target TOOL SCOPE
    if [[ "$1" == sdk ]]; then
        sdk fabrikam put-connection "$2" to-contoso "$manager" | cut -d' ' -f2
    else
        rest fabrikam put "$2/providers/Microsoft.Network/networkManagerConnections/to-contoso" \
            --query properties.connectionState -o tsv --body \
            "{\"properties\": {\"networkManagerId\": \"$manager\", \"description\": \"by az\"}}"
    fi
}
delete_central() { # delete_central TOOL SCOPE
    local name
    name=$(central_name)
    if [[ "$1" == sdk ]]; then
        sdk contoso delete-scope-connection manager-rg central "$name"
    else
        rest contoso delete "$manager/scopeConnections/$name"
    fi
}
delete_target() { # delete_target TOOL SCOPE
    local name
    name=$(target_name "$2")
    if [[ "$1" == sdk ]]; then
        sdk fabrikam delete-connection "$2" "$name"
    else
        rest fabrikam delete "$2/providers/Microsoft.Network/networkManagerConnections/$name"
    fi
}

connect() { # connect TITLE TOOL FIRST SECOND SCOPE LOOK: the half on the side FIRST is written, the one on SECOND appears
    local title=$1 tool=$2 first=$3 second=$4 scope=$5 look=$6 since written
    since=$(apps sequence 0)
    same "$title: the creation answers Pending" Pending "$("put_$first" "$tool" "$scope")"
    [[ -z "$by_hand" ]] || same "$title: the other half by hand" Pending "$("put_$second" az "$scope")"
    becomes "$title: the scope connection is Connected" Connected "$look" central_states
    becomes "$title: the network manager connection is Connected" Connected "$look" target_states "$scope"
    same "$title: the manager lists the scope under its tenant" "$fabrikam_tenant $scope" "$(abroad)"
    same "$title: azure-mgmt-network reads the same" "$fabrikam_tenant $scope" "$(sdk contoso abroad manager-rg central)"
    same "$title: azure-mgmt-network lists both halves" $'Connected\nConnected' \
        "$(sdk contoso scope-connections manager-rg central | cut -d' ' -f2; sdk fabrikam connections "$scope" | cut -d' ' -f2)"
    [[ -z "$by_hand" ]] || return 0
    declare -A kind=([central]=scopeconnections [target]=networkmanagerconnections)
    written=$(apps writers "$since")
    same "$title: one half was written by hand and the other by an app" \
        "${kind[$first]} by hand"$'\n'"${kind[$second]} by an app" "$written"
    becomes "$title: both ledgers hold it as connected" "contoso:connected fabrikam:connected one handshake" \
        "$look" apps records
}

abroad() {
    rest contoso get "$manager" -o tsv --query "properties.networkManagerScopes.crossTenantScopes[].[tenantId, subscriptions[0]
        || managementGroups[0]]" | tr '\t' ' '
}

disconnect() { # disconnect TITLE TOOL FIRST SECOND SCOPE LOOK: the half on the side FIRST is deleted, the other one goes
    local title=$1 tool=$2 first=$3 second=$4 scope=$5 look=$6
    "delete_$first" "$tool" "$scope"
    if [[ -n "$by_hand" ]]; then
        if [[ "$second" == central ]]; then becomes "$title: the half that is left is Revoked" Revoked central_states
        else becomes "$title: the half that is left is Revoked" Revoked target_states "$scope"; fi
        "delete_$second" az "$scope"
    fi
    becomes "$title: no scope connection is left" "" "$look" central_states
    becomes "$title: no network manager connection is left" "" swept target_states "$scope"
    same "$title: the manager lists nothing any more" "" "$(abroad)"
    [[ -n "$by_hand" ]] || becomes "$title: the records are closed" "none " "$look" apps records
}

# --- sign in, a manager in contoso, a network in fabrikam --------------------------------------------------------------------------
for tenant in contoso fabrikam; do
    new_cloud "operator-$tenant"
    sign_in "operator-$tenant" "$(ready "tenants.$tenant.operator.clientId")" "$(ready "tenants.$tenant.operator.clientSecret")" \
        "$(ready "tenants.$tenant.tenantId")"
done
as operator-contoso group create -n manager-rg -l eastus2 -o none
as operator-fabrikam group create -n spoke-rg -l eastus2 -o none
network=$(as operator-fabrikam network vnet create -g spoke-rg -n spoke --address-prefixes 10.40.0.0/16 --query newVNet.id -o tsv)
same "az rest: a network manager over contoso's subscription" "Succeeded Connectivity" \
    "$(rest contoso put "$manager" -o tsv --query "join(' ', [properties.provisioningState, properties.networkManagerScopeAccesses[0]])" \
        --body "{\"location\": \"eastus2\", \"properties\": {\"networkManagerScopeAccesses\": [\"Connectivity\"],
            \"networkManagerScopes\": {\"subscriptions\": [\"/subscriptions/$contoso\"], \"managementGroups\": []}}}")"
same "az rest: a network group" Succeeded \
    "$(rest contoso put "$manager/networkGroups/partners" --query properties.provisioningState -o tsv --body '{"properties": {}}')"

# --- a subscription: the scope connection by az rest, a member, and the end --------------------------------------------------------
title="subscription, scope connection by az rest"
connect "$title" az central target "$subscription" told
refused "$title: a member of another tenant needs that tenant's token" LinkedAuthorizationFailed \
    rest contoso put "$members/spoke" --body "{\"properties\": {\"resourceId\": \"$network\"}}"
same "$title: with it the member is taken" Updating "$(sdk traveller put-member manager-rg central partners spoke "$network")"
member_state() { rest contoso get "$members" --query "value[].join(' ', [properties.provisioningState, properties.resourceId])" -o tsv; }
becomes "$title: az rest lists the member" "Succeeded $network" member_state
rest contoso delete "$members/spoke"
same "$title: az rest removes the member" "" "$(sdk contoso members manager-rg central partners)"
disconnect "$title" az central target "$subscription" told

# --- the same by azure-mgmt-network, and from the other end -----------------------------------------------------------------------
title="subscription, scope connection by azure-mgmt-network"
connect "$title" sdk central target "$subscription" told
same "$title: a member by the SDK" Updating "$(sdk traveller put-member manager-rg central partners spoke "$network")"
becomes "$title: the SDK lists the member" "spoke Succeeded $network" sdk contoso members manager-rg central partners
sdk contoso delete-member manager-rg central partners spoke
same "$title: the SDK removes the member" "" "$(member_state)"
same "$title: a deployment is committed" Connectivity "$(sdk contoso commit manager-rg central eastus2)"
becomes "$title: and deployed" "eastus2 Deployed" sdk contoso deployments manager-rg central
disconnect "$title" sdk central target "$subscription" told

title="subscription, network manager connection by az rest"
connect "$title" az target central "$subscription" told
disconnect "$title" az target central "$subscription" told

# --- a management group: nothing tells about its half, the apps' timer has to ------------------------------------------------------
title="management group, scope connection by azure-mgmt-network"
connect "$title" sdk central target "$management_group" swept
disconnect "$title" sdk central target "$management_group" swept

title="management group, network manager connection by az rest"
connect "$title" az target central "$management_group" swept
disconnect "$title" az target central "$management_group" swept

echo "$passed passed, 0 failed"
