#!/usr/bin/env python3
"""Asks for something the way any AMQP 1.0 program may, with Apache Qpid Proton: sends a request and waits for its outcome.

    proton_request.py CONNECTION_STRING REQUEST_FILE [SECONDS]

REQUEST_FILE holds one request (`-` for standard input). The outcome is the message of `connection-outcomes` whose
correlation id is the request's. It is written to standard output as JSON; without one in time the exit code is 1.
"""

import json
import sys
import time

from proton import Message, symbol
from proton.reactor import LinkOption
from proton.utils import BlockingConnection

import sas

REQUESTS, OUTCOMES = "connection-requests", "connection-outcomes"
CALL_SECONDS = 10


class ReplyTo(LinkOption):
    """A receiver's own address, to which answers are sent."""

    def __init__(self, address):
        self.address = address

    def apply(self, link):
        link.target.address = self.address


def parts(connection_string):
    """Host with port, and the rule's name and key."""
    pairs = dict(part.split("=", 1) for part in connection_string.split(";") if part)
    host = pairs["Endpoint"].removeprefix("sb://").rstrip("/")
    return host, pairs["SharedAccessKeyName"], pairs["SharedAccessKey"]


def authorize(connection, host, name, key):
    """The claims-based handshake for both queues."""
    asking = connection.create_sender("$cbs", name="cbs-questions")
    answers = connection.create_receiver("$cbs", name="cbs-answers", options=ReplyTo("cbs-answers"))
    for number, path in enumerate((REQUESTS, OUTCOMES), start=1):
        audience = f"sb://{host}/{path}"
        headers = {"operation": "put-token", "type": "servicebus.windows.net:sastoken", "name": audience}
        token = sas.token(name, key, audience)
        asking.send(Message(id=number, reply_to="cbs-answers", properties=headers, body=token), timeout=CALL_SECONDS)
        answer = answers.receive(timeout=CALL_SECONDS)
        if answers.fetcher.unsettled:  # else it was sent settled
            answers.accept()
        status = answer.properties["status-code"]
        assert answer.correlation_id == number, answer
        assert status == 202, f"the token for {path} was answered {status}: {answer.properties}"
    asking.close()
    answers.close()


def outcome(connection, request_id, deadline):
    """The body of the outcome, or None; other outcomes are put back at the end."""
    receiver = connection.create_receiver(OUTCOMES, name="outcomes", credit=1)
    found, others = None, 0
    try:
        while found is None and (left := deadline - time.time()) > 0:
            try:
                message = receiver.receive(timeout=left)
            except Exception as error:  # Proton's Timeout, or the link's end
                print(f"no outcome: {error}", file=sys.stderr)
                break
            if message.correlation_id == request_id:
                assert isinstance(message.content_type, symbol) and message.content_type == "application/json"
                found = json.loads(bytes(message.body))
                assert message.subject == found["phase"], message.subject
                receiver.accept()
            else:
                # Held, so that it does not come again at once; it is free when the connection closes.
                others += 1
                receiver.link.flow(1)
    finally:
        if others:
            print(f"{others} outcomes of others were put back", file=sys.stderr)
    return found


def main():
    host, name, key = parts(sys.argv[1])
    text = sys.stdin.read() if sys.argv[2] == "-" else open(sys.argv[2], encoding="utf-8").read()
    deadline = time.time() + (float(sys.argv[3]) if len(sys.argv) > 3 else 60)
    request = json.loads(text)
    connection = BlockingConnection(f"amqp://{host}", timeout=CALL_SECONDS, allowed_mechs="ANONYMOUS")
    authorize(connection, host, name, key)
    sender = connection.create_sender(REQUESTS, name="requests")
    message = Message(
        id=request["id"],
        correlation_id=request["id"],
        subject=request["action"],
        content_type=symbol("application/json"),
        inferred=True,
        body=text.encode(),
    )
    # Returns once the queue has taken it, and raises where it does not.
    sender.send(message, timeout=CALL_SECONDS)
    found = outcome(connection, request["id"], deadline)
    connection.close()
    if found is None:
        sys.exit(1)
    assert found["request"] == request["id"], found
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
