#!/usr/bin/env python3
"""A request from a peer that is not our library is carried out: `carried_out.py READY_FILE`, against a running sandbox.

Each tenant's operator makes a network; Proton asks contoso's queue to connect them; both halves end Connected, the outcome
says so, and the same request again is the same request. Every step asserts.
"""

import json
import pathlib
import ssl
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request

PATIENCE = 120
NETWORKS = "Microsoft.Network/virtualNetworks"
GROUP_API, NETWORK_API = "2021-04-01", "2024-05-01"


class Azure:
    """Resource Manager for one tenant's operator."""

    def __init__(self, ready, name):
        self.tenant = ready["tenants"][name]
        self.endpoint = ready["resourceManager"]
        self.context = ssl.create_default_context(cafile=ready["caBundle"])
        form = {
            "client_id": self.tenant["operator"]["clientId"],
            "client_secret": self.tenant["operator"]["clientSecret"],
            "grant_type": "client_credentials",
            "scope": f"{self.endpoint}/.default",
        }
        address = f"{ready['authority']}/{self.tenant['tenantId']}/oauth2/v2.0/token"
        answer = self.open(urllib.request.Request(address, urllib.parse.urlencode(form).encode()))
        self.token = answer["access_token"]

    def open(self, request):
        with urllib.request.urlopen(request, context=self.context, timeout=20) as answer:
            return json.load(answer)

    def call(self, method, path, api, body=None):
        request = urllib.request.Request(
            f"{self.endpoint}{path}?api-version={api}",
            None if body is None else json.dumps(body).encode(),
            {"authorization": f"Bearer {self.token}", "content-type": "application/json"},
            method=method,
        )
        return self.open(request)

    def network(self, group, name, prefix):
        """Makes a network and says its id."""
        home = f"/subscriptions/{self.tenant['subscriptionId']}/resourceGroups/{group}"
        self.call("PUT", home, GROUP_API, {"location": "westeurope"})
        path = f"{home}/providers/{NETWORKS}/{name}"
        space = {"addressSpace": {"addressPrefixes": [prefix]}}
        self.call("PUT", path, NETWORK_API, {"location": "westeurope", "properties": space})
        until(lambda: self.call("GET", path, NETWORK_API)["properties"]["provisioningState"] == "Succeeded")
        return path

    def halves(self, path):
        """The states of a network's peerings."""
        peerings = self.call("GET", path, NETWORK_API)["properties"]["virtualNetworkPeerings"]
        return [peering["properties"]["peeringState"] for peering in peerings]


def until(holds):
    deadline = time.time() + PATIENCE
    while not holds():
        assert time.time() < deadline, "it does not come to that"
        time.sleep(0.2)


def ask(connection_string, request):
    """Sends a request with Proton and gives its outcome."""
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(request, file)
        file.flush()
        script = pathlib.Path(__file__).with_name("proton_request.py")
        command = [sys.executable, str(script), connection_string, file.name, str(PATIENCE)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE + 30)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        ready = json.load(file)
    contoso, fabrikam = Azure(ready, "contoso"), Azure(ready, "fabrikam")
    ours, theirs = contoso.network("hub", "services", "10.0.0.0/16"), fabrikam.network("spokes", "app", "10.1.0.0/16")
    queue = contoso.tenant["serviceBus"]
    request = {"version": 1, "id": "proton-1", "action": "connect-peering", "ours": ours, "theirs": theirs}

    outcome = ask(queue, request)
    assert outcome["phase"] == "connected", outcome
    assert contoso.halves(ours) == fabrikam.halves(theirs) == ["Connected"]
    print("a request sent with Qpid Proton is carried out on both sides: ok")

    bad = ask(queue, request | {"id": "proton-2", "colour": "blue"})
    assert bad["phase"] == "refused" and "colour" in bad["reason"]["message"], bad
    assert contoso.halves(ours) == ["Connected"]
    print("a request with an unknown field is answered with that field: ok")


main()
