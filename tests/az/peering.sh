#!/usr/bin/env bash
# The written tutorial "connect virtual networks across subscriptions and tenants", done by the real Azure CLI against a running
# sandbox, except for its last part: nobody creates the second half of the peering.
#
#   tests/az/peering.sh READY_FILE        AZ=/path/to/az chooses the command
#
# Prints a line for each step that held. The first that does not is reported with what differs, and ends the script with 1.
set -euo pipefail

ready_file=${1:?usage: peering.sh READY_FILE}
# shellcheck source=tests/az/common.bash
source "$(dirname "${BASH_SOURCE[0]}")/common.bash"
contoso=$(ready tenants.contoso.subscriptionId)
fabrikam=$(ready tenants.fabrikam.subscriptionId)
network_contributor=4d97b98b-1d4f-4787-a291-c67834d212e7

# --- sign in -------------------------------------------------------------------------------------------------------------------
for tenant in contoso fabrikam; do
    operator=operator-$tenant
    new_cloud "$operator"
    sign_in "$operator" "$(ready "tenants.$tenant.operator.clientId")" "$(ready "tenants.$tenant.operator.clientSecret")" \
        "$(ready "tenants.$tenant.tenantId")"
    same "$tenant's operator sees its own subscription and no other" "$(ready "tenants.$tenant.subscriptionId")" \
        "$(as "$operator" account list --query '[].id' -o tsv)"
done
new_cloud traveller
for tenant in contoso fabrikam; do
    sign_in traveller "$(ready traveller.clientId)" "$(ready traveller.clientSecret)" "$(ready "tenants.$tenant.tenantId")"
done
same "the traveller sees both subscriptions" "$(printf '%s\n' "$contoso" "$fabrikam" | sort)" \
    "$(as traveller account list --query '[].id' -o tsv | sort)"

# --- a network in each tenant, and the traveller's rights on it ----------------------------------------------------------------
network() { # network TENANT GROUP NETWORK PREFIX SUBNET_PREFIX
    local operator=operator-$1
    same "$1: az group create" Succeeded \
        "$(as "$operator" group create -n "$2" -l eastus2 --query properties.provisioningState -o tsv)"
    same "$1: az network vnet create with a subnet" "$3 Succeeded $4 subnet-1 $5" \
        "$(as "$operator" network vnet create -g "$2" -n "$3" --address-prefixes "$4" --subnet-name subnet-1 \
            --subnet-prefixes "$5" -o tsv --query "newVNet.join(' ', [name, provisioningState,
                addressSpace.addressPrefixes[0], subnets[0].name, subnets[0].addressPrefix])")"
}

# The two ways in which the tutorials name a role and who gets it; the second looks both up, the role here and the rest in Graph.
grant() { # grant TENANT NETWORK_ID HOW ASSIGNEE_ARGUMENT...
    local operator=operator-$1 scope=$2 how=$3 object
    object=$(ready "traveller.objectIds.$1")
    same "$1: az role assignment create $how" "$object" \
        "$(as "$operator" role assignment create --scope "$scope" "${@:4}" --query principalId -o tsv)"
    same "$1: az role assignment list names principal and role" "$(ready traveller.clientId) Network Contributor" \
        "$(as "$operator" role assignment list --scope "$scope" -o tsv \
            --query "[?principalId=='$object' && scope=='$scope'].join(' ', [principalName, roleDefinitionName])")"
}

network contoso test-rg vnet-1 10.0.0.0/16 10.0.0.0/24
network fabrikam test-rg-2 vnet-2 10.1.0.0/16 10.1.0.0/24
vnet_1=$(as operator-contoso network vnet show -g test-rg -n vnet-1 --query id -o tsv)
same "contoso: az network vnet show --query id" \
    "/subscriptions/$contoso/resourceGroups/test-rg/providers/Microsoft.Network/virtualNetworks/vnet-1" "$vnet_1"
vnet_2=$(as operator-fabrikam network vnet show -g test-rg-2 -n vnet-2 --query id -o tsv)
same "fabrikam: az network vnet show --query id" \
    "/subscriptions/$fabrikam/resourceGroups/test-rg-2/providers/Microsoft.Network/virtualNetworks/vnet-2" "$vnet_2"
grant contoso "$vnet_1" "by object id and role id" --assignee-object-id "$(ready traveller.objectIds.contoso)" \
    --assignee-principal-type ServicePrincipal --role "$network_contributor"
grant fabrikam "$vnet_2" "by name" --assignee "$(ready traveller.clientId)" --role "Network Contributor"

# --- one half by hand, the other by itself ---------------------------------------------------------------------------------------
here=(--subscription "$contoso" -g test-rg --vnet-name vnet-1)
there=(--subscription "$fabrikam" -g test-rg-2 --vnet-name vnet-2)
half_query="[].join(' ', [peeringState, peeringSyncLevel, remoteVirtualNetwork.id])"

same "az network vnet peering create from vnet-1" "vnet-1-to-vnet-2 Succeeded True" \
    "$(as traveller network vnet peering create "${here[@]}" -n vnet-1-to-vnet-2 --remote-vnet "$vnet_2" --allow-vnet-access \
        --query '[name, provisioningState, to_string(allowVirtualNetworkAccess)]' -o tsv | paste -sd' ' | sed 's/true/True/')"
becomes "az network vnet peering list: vnet-1's half is Connected" "Connected FullyInSync $vnet_2" \
    as traveller network vnet peering list "${here[@]}" --query "$half_query" -o tsv
becomes "az network vnet peering list: vnet-2's half is Connected" "Connected FullyInSync $vnet_1" \
    as traveller network vnet peering list "${there[@]}" --query "$half_query" -o tsv
second=$(as traveller network vnet peering list "${there[@]}" --query '[0].name' -o tsv)

doing="reading the history of calls"
writers=$(python3 - "$ready_file" <<'PYTHON'
import json, ssl, sys, urllib.request

ready = json.load(open(sys.argv[1]))
context = ssl.create_default_context(cafile=ready["caBundle"])
calls = json.load(urllib.request.urlopen(ready["control"] + "/calls?since=0", context=context))
people = {ready["traveller"]["clientId"]} | {tenant["operator"]["clientId"] for tenant in ready["tenants"].values()}
for call in calls:
    path = call["path"].lower()
    if call["method"] == "PUT" and "/virtualnetworkpeerings/" in path and call["status"] < 300:
        network = path.split("/virtualnetworks/")[1].split("/")[0]
        print(network, "by hand" if call["principal"] in people else "by an app")
PYTHON
)
same "the history has one half written by hand and the other by an app" $'vnet-1 by hand\nvnet-2 by an app' "$writers"

# --- a network that grows --------------------------------------------------------------------------------------------------------
sync_level() { # sync_level SIDE NAME
    local -n side=$1
    as traveller network vnet peering show "${side[@]}" -n "$2" --query peeringSyncLevel -o tsv
}
spaces_at_2() {
    as traveller network vnet peering show "${there[@]}" -n "$second" -o tsv \
        --query "join(' ', remoteAddressSpace.addressPrefixes)"
}

as operator-contoso network vnet update -g test-rg -n vnet-1 --address-prefixes 10.0.0.0/16 10.2.0.0/16 -o none
becomes "vnet-1 grows inside the agreement: the app brings vnet-2's half up to date" "10.0.0.0/16 10.2.0.0/16" spaces_at_2
becomes "az network vnet peering show: vnet-1's half is in sync again" FullyInSync sync_level here vnet-1-to-vnet-2
same "az network vnet peering sync" FullyInSync \
    "$(as traveller network vnet peering sync "${there[@]}" -n "$second" --query peeringSyncLevel -o tsv)"

as operator-contoso network vnet update -g test-rg -n vnet-1 --address-prefixes 10.0.0.0/16 10.2.0.0/16 172.20.0.0/16 -o none
same "vnet-1 grows beyond the agreement: vnet-2's half is left behind" "LocalNotInSync RemoteNotInSync" \
    "$(sync_level there "$second") $(sync_level here vnet-1-to-vnet-2)"
# Somebody takes it over all the same. The command waits for its half, which the app may remove before that.
as traveller network vnet peering sync "${there[@]}" -n "$second" -o none 2>"$work/sync" ||
    grep -q "$second not found" "$work/sync"
becomes "vnet-2's half, synced by hand beyond the agreement, is removed by the app" 0 \
    as traveller network vnet peering list "${there[@]}" --query 'length(@)' -o tsv
reasons() {
    python3 - "$ready_file" <<'PYTHON'
import json, sys, urllib.request

tenant = json.load(open(sys.argv[1]))["tenants"]["fabrikam"]
request = urllib.request.Request(tenant["functions"] + "/api/handshakes", headers={"x-functions-key": tenant["masterKey"]})
shown = json.load(urllib.request.urlopen(request))
print(*(reason["code"] for handshake in shown for reason in handshake["reasons"]))
PYTHON
}
becomes "the record says why" "consent-exceeded prefix-not-agreed" reasons
same "az network vnet peering show: vnet-1's half is Disconnected" Disconnected \
    "$(as traveller network vnet peering show "${here[@]}" -n vnet-1-to-vnet-2 --query peeringState -o tsv)"

# What the reason says is to be done.
as operator-contoso network vnet update -g test-rg -n vnet-1 --address-prefixes 10.0.0.0/16 10.2.0.0/16 -o none
as traveller network vnet peering delete "${here[@]}" -n vnet-1-to-vnet-2
as traveller network vnet peering create "${here[@]}" -n vnet-1-to-vnet-2 --remote-vnet "$vnet_2" --allow-vnet-access -o none
becomes "once vnet-1 is back within the agreement and its half written again, both are connected" \
    "Connected FullyInSync $vnet_1" as traveller network vnet peering list "${there[@]}" --query "$half_query" -o tsv

# --- the end -----------------------------------------------------------------------------------------------------------------------
as traveller network vnet peering delete "${here[@]}" -n vnet-1-to-vnet-2
same "az network vnet peering delete: vnet-1 has no half" 0 \
    "$(as traveller network vnet peering list "${here[@]}" --query 'length(@)' -o tsv)"
becomes "the app removes vnet-2's half" 0 as traveller network vnet peering list "${there[@]}" --query 'length(@)' -o tsv

echo "$passed passed, 0 failed"
