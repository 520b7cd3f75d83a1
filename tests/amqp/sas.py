"""Shared access signatures of Service Bus, made and checked."""

import base64
import hashlib
import hmac
import time
from urllib.parse import parse_qs, quote, unquote


def signature(key, resource, end):
    """The signature over a resource, percent-encoded as it stands in the token, and the second at which it ends."""
    signed = hmac.new(key.encode(), f"{resource}\n{end}".encode(), hashlib.sha256)
    return base64.b64encode(signed.digest()).decode()


def token(name, key, audience, lifetime=600):
    """A token for an audience such as `sb://127.0.0.1:5672/reconcile`."""
    resource, end = quote(audience, safe=""), int(time.time()) + lifetime
    sig = quote(signature(key, resource, end), safe="")
    return f"SharedAccessSignature sr={resource}&sig={sig}&se={end}&skn={quote(name, safe='')}"


def problem(text, name, key, audience):
    """What is wrong with a token for this audience, or None."""
    kind, _, rest = text.partition(" ")
    if kind != "SharedAccessSignature":
        return f"it begins with {kind!r}"
    raw = dict(part.split("=", 1) for part in rest.split("&"))
    if sorted(raw) != ["se", "sig", "skn", "sr"]:
        return f"it has {sorted(raw)}"
    if unquote(raw["sr"]) != audience:
        return f"it is for {unquote(raw['sr'])}"
    if unquote(raw["skn"]) != name:
        return "it names another policy"
    end = int(raw["se"])
    if not time.time() < end <= time.time() + 24 * 3600:
        return f"it ends at {end}"
    given = parse_qs(rest)["sig"][0]
    if not hmac.compare_digest(given, signature(key, raw["sr"], end)):
        return "its signature is wrong"
    return None
