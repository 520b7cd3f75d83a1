#!/usr/bin/env python3
"""One call about a network manager, by azure-mgmt-network against a running sandbox.

    management_sdk.py READY_FILE WHO COMMAND ARGUMENT...

WHO is contoso or fabrikam (the tenant's operator), or traveller (at home in contoso, with a token of fabrikam beside).
Prints what the service said, one thing a line. Secrets come from the ready file only.
"""

import json
import re
import sys

from azure.identity import ClientSecretCredential
from azure.mgmt.core.policies import AuxiliaryAuthenticationPolicy
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.network import models


def client(ready, who):
    """A client of the subscription of WHO."""
    tenant = ready["tenants"][{"traveller": "contoso"}.get(who, who)]
    person = ready["traveller"] if who == "traveller" else tenant["operator"]

    def credential(tenant_id):
        return ClientSecretCredential(
            tenant_id,
            person["clientId"],
            person["clientSecret"],
            authority=ready["authority"],
            disable_instance_discovery=True,
            connection_verify=ready["caBundle"],
        )

    scope = ready["resourceManager"] + "/.default"
    policies = []
    if who == "traveller":
        policies.append(AuxiliaryAuthenticationPolicy([credential(ready["tenants"]["fabrikam"]["tenantId"])], scope))
    return NetworkManagementClient(
        credential(tenant["tenantId"]),
        tenant["subscriptionId"],
        base_url=ready["resourceManager"],
        credential_scopes=[scope],
        per_retry_policies=policies,
        connection_verify=ready["caBundle"],
    )


def connections(azure, scope):
    """The operations on a scope's halves, and what they take before a name."""
    group = re.fullmatch(r"/providers/Microsoft\.Management/managementGroups/([^/]+)", scope)
    if group:
        return azure.management_group_network_manager_connections, [group[1]]
    return azure.subscription_network_manager_connections, []


def text(value):
    """An enumeration's value; what it is printed as depends on the version of Python."""
    return getattr(value, "value", value)


def show(*halves):
    for half in halves:
        properties = half.properties
        names = getattr(properties, "resource_id", None) or properties.network_manager_id
        print(half.name, text(properties.connection_state), names)


def run(azure, command, args):
    match command, args:
        case "put-scope-connection", [group, manager, name, tenant, scope]:
            properties = models.ScopeConnectionProperties(tenant_id=tenant, resource_id=scope, description="by the SDK")
            body = models.ScopeConnection(properties=properties)
            show(azure.scope_connections.create_or_update(group, manager, name, body))
        case "scope-connections", [group, manager]:
            show(*azure.scope_connections.list(group, manager, top=20))
        case "delete-scope-connection", [group, manager, name]:
            azure.scope_connections.delete(group, manager, name)
        case "put-connection", [scope, name, manager_id]:
            operations, above = connections(azure, scope)
            properties = models.NetworkManagerConnectionProperties(network_manager_id=manager_id, description="by the SDK")
            show(operations.create_or_update(*above, name, models.NetworkManagerConnection(properties=properties)))
        case "connections", [scope]:
            operations, above = connections(azure, scope)
            show(*operations.list(*above, top=20))
        case "delete-connection", [scope, name]:
            operations, above = connections(azure, scope)
            operations.delete(*above, name)
        case "abroad", [group, manager]:
            scopes = azure.network_managers.get(group, manager).properties.network_manager_scopes
            for tenant in scopes.cross_tenant_scopes:
                for scope in [*tenant.subscriptions, *tenant.management_groups]:
                    print(tenant.tenant_id, scope)
        case "put-member", [group, manager, network_group, name, network]:
            body = models.StaticMember(properties=models.StaticMemberProperties(resource_id=network))
            made = azure.static_members.create_or_update(group, manager, network_group, name, body)
            print(text(made.properties.provisioning_state))
        case "members", [group, manager, network_group]:
            for member in azure.static_members.list(group, manager, network_group, top=20):
                print(member.name, text(member.properties.provisioning_state), member.properties.resource_id)
        case "delete-member", [group, manager, network_group, name]:
            azure.static_members.delete(group, manager, network_group, name)
        case "commit", [group, manager, region]:
            body = models.NetworkManagerCommit(target_locations=[region], configuration_ids=[], commit_type="Connectivity")
            print(text(azure.network_manager_commits.begin_post(group, manager, body).result().commit_type))
        case "deployments", [group, manager]:
            asked = models.NetworkManagerDeploymentStatusParameter(regions=[], deployment_types=["Connectivity"])
            for status in azure.network_manager_deployment_status.list(group, manager, asked).value:
                print(status.region, text(status.deployment_status))
        case "delete-manager", [group, manager]:
            azure.network_managers.begin_delete(group, manager, force=True).result()
        case _:
            sys.exit(f"management_sdk.py: no {command} with {len(args)} arguments")


def main():
    ready_file, who, command, *args = sys.argv[1:]
    with open(ready_file, encoding="utf-8") as file:
        ready = json.load(file)
    run(client(ready, who), command, args)


if __name__ == "__main__":
    main()
