"""Microsoft's own client for Service Bus against a running sandbox: `sdk.py READY_FILE`.

The sandbox was made after the same documents as our client, so only a client that is not ours shows whether both read them rightly.
Every step asserts; the first that does not hold ends the run.
"""

import datetime
import json
import ssl
import sys
import time
import urllib.parse
import urllib.request
import uuid

from azure.core.credentials import AccessToken
from azure.servicebus import (
    ServiceBusClient,
    ServiceBusMessage,
    ServiceBusReceiveMode,
    ServiceBusSubQueue,
)
from azure.servicebus.exceptions import (
    MessageLockLostError,
    MessagingEntityNotFoundError,
    ServiceBusAuthenticationError,
    ServiceBusAuthorizationError,
    ServiceBusError,
)

QUEUE = "reconcile"
WAIT = 10


def body(message):
    return b"".join(message.body)


def one(receiver):
    messages = receiver.receive_messages(max_message_count=1, max_wait_time=WAIT)
    assert len(messages) == 1, f"{len(messages)} messages came instead of one"
    return messages[0]


def nothing(receiver):
    assert receiver.receive_messages(max_message_count=1, max_wait_time=1) == [], "there is a message too many"


def properties_survive(client):
    sent = ServiceBusMessage(
        b'{"a":1}',
        message_id="id-1",
        subject="a subject",
        correlation_id="correlation",
        content_type="application/json",
        reply_to="reply",
        to="to",
        application_properties={
            "text": "x",
            "number": -7,
            "real": 1.5,
            "yes": True,
            "uuid": uuid.UUID(int=7),
        },
    )
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        sender.send_messages(sent)
        got = one(receiver)
        assert body(got) == b'{"a":1}', body(got)
        assert (got.message_id, got.subject, got.correlation_id) == ("id-1", "a subject", "correlation")
        assert (got.content_type, got.reply_to, got.to) == ("application/json", "reply", "to")
        properties = {key.decode(): value for key, value in got.application_properties.items()}
        assert properties == {
            "text": b"x",
            "number": -7,
            "real": 1.5,
            "yes": True,
            "uuid": uuid.UUID(int=7),
        }, properties
        assert isinstance(got.lock_token, uuid.UUID) or uuid.UUID(str(got.lock_token))
        assert got.sequence_number > 0 and got.delivery_count == 0, (got.sequence_number, got.delivery_count)
        age = datetime.datetime.now(datetime.timezone.utc) - got.enqueued_time_utc
        assert abs(age.total_seconds()) < 60, age
        receiver.complete_message(got)
        nothing(receiver)


def lists_are_unpacked(client):
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        sender.send_messages([ServiceBusMessage(f"list {number}") for number in range(50)])
        batch = sender.create_message_batch()
        for number in range(50):
            batch.add_message(ServiceBusMessage(f"batch {number}"))
        sender.send_messages(batch)
        got = []
        while len(got) < 100:
            messages = receiver.receive_messages(max_message_count=100, max_wait_time=WAIT)
            assert messages, f"only {len(got)} came"
            for message in messages:
                got.append(body(message).decode())
                receiver.complete_message(message)
        assert got == [f"list {n}" for n in range(50)] + [f"batch {n}" for n in range(50)]


def a_large_message_takes_many_frames(client):
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        large = bytes(range(256)) * 3900
        sender.send_messages(ServiceBusMessage(large))
        got = one(receiver)
        assert body(got) == large, len(body(got))
        receiver.complete_message(got)
        try:
            sender.send_messages(ServiceBusMessage(bytes(1 << 20)))
        except (ServiceBusError, ValueError):
            pass
        else:
            raise AssertionError("more than 1 MiB was taken")


def abandoned_messages_come_again_and_die(client):
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        sender.send_messages(ServiceBusMessage("poison", message_id="poison"))
        for delivery in range(10):
            got = one(receiver)
            assert got.delivery_count == delivery, (got.delivery_count, delivery)
            receiver.abandon_message(got)
        nothing(receiver)
    with client.get_queue_receiver(QUEUE, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead:
        got = one(dead)
        assert (got.message_id, got.dead_letter_reason) == ("poison", "MaxDeliveryCountExceeded"), got
        assert got.dead_letter_source == QUEUE, got.dead_letter_source
        dead.complete_message(got)
        nothing(dead)


def messages_are_dead_lettered_with_a_reason(client):
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        sender.send_messages(ServiceBusMessage("bad"))
        receiver.dead_letter_message(one(receiver), reason="NotJson", error_description="line 1")
        nothing(receiver)
    with client.get_queue_receiver(QUEUE, sub_queue=ServiceBusSubQueue.DEAD_LETTER) as dead:
        got = one(dead)
        assert (got.dead_letter_reason, got.dead_letter_error_description) == ("NotJson", "line 1")
        dead.complete_message(got)


def locks_are_renewed_and_given_back(client):
    with client.get_queue_sender(QUEUE) as sender:
        sender.send_messages(ServiceBusMessage("locked"))
    with client.get_queue_receiver(QUEUE) as receiver:
        got = one(receiver)
        before = got.locked_until_utc
        time.sleep(0.05)
        renewed = receiver.renew_message_lock(got)
        assert renewed > before, (before, renewed)
    # The link is gone and with it the lock.
    with client.get_queue_receiver(QUEUE) as receiver:
        again = one(receiver)
        assert again.delivery_count == 0, again.delivery_count
        receiver.complete_message(again)
        try:
            receiver.renew_message_lock(again)
        except (MessageLockLostError, ServiceBusError, ValueError):
            pass
        else:
            raise AssertionError("the lock of a completed message was renewed")


def scheduled_messages_wait_and_can_be_taken_back(client):
    with client.get_queue_sender(QUEUE) as sender, client.get_queue_receiver(QUEUE) as receiver:
        due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
        later = due + datetime.timedelta(hours=1)
        sender.schedule_messages(ServiceBusMessage("by request"), due)
        sender.send_messages(ServiceBusMessage("by annotation", scheduled_enqueue_time_utc=due))
        numbers = sender.schedule_messages([ServiceBusMessage("never"), ServiceBusMessage("never")], later)
        assert len(set(numbers)) == 2, numbers
        peeked = receiver.peek_messages(max_message_count=10)
        assert [body(message) for message in peeked] == [b"by request", b"by annotation", b"never", b"never"]
        assert peeked[0].scheduled_enqueue_time_utc is not None
        nothing(receiver)
        sender.cancel_scheduled_messages(numbers)
        got = [one(receiver), one(receiver)]
        now = datetime.datetime.now(datetime.timezone.utc)
        assert now >= due - datetime.timedelta(milliseconds=5), (now, due)
        assert {body(message) for message in got} == {b"by request", b"by annotation"}
        for message in got:
            receiver.complete_message(message)
        assert receiver.peek_messages(max_message_count=10) == []


def duplicates_are_dropped(client):
    queue = "connection-outcomes"
    with client.get_queue_sender(queue) as sender, client.get_queue_receiver(queue) as receiver:
        for _ in range(3):
            sender.send_messages(ServiceBusMessage("once", message_id="same"))
        receiver.complete_message(one(receiver))
        nothing(receiver)


def receive_and_delete(client):
    mode = ServiceBusReceiveMode.RECEIVE_AND_DELETE
    with client.get_queue_sender(QUEUE) as sender:
        sender.send_messages([ServiceBusMessage("a"), ServiceBusMessage("b")])
    with client.get_queue_receiver(QUEUE, receive_mode=mode) as receiver:
        assert [body(one(receiver)), body(one(receiver))] == [b"a", b"b"]
    with client.get_queue_receiver(QUEUE) as receiver:
        nothing(receiver)
        assert receiver.peek_messages() == []


def what_is_not_allowed_is_refused(client, connection):
    try:
        with client.get_queue_sender("nothing") as sender:
            sender.send_messages(ServiceBusMessage("x"))
    except MessagingEntityNotFoundError:
        pass
    else:
        raise AssertionError("a queue that does not exist took a message")
    fields = dict(field.split("=", 1) for field in connection.rstrip(";").split(";"))
    wrong = connection.replace(fields["SharedAccessKey"], "AAAA" + fields["SharedAccessKey"][4:])
    with ServiceBusClient.from_connection_string(wrong, retry_total=0) as stranger:
        try:
            with stranger.get_queue_sender(QUEUE) as sender:
                sender.send_messages(ServiceBusMessage("x"))
        except (ServiceBusAuthenticationError, ServiceBusAuthorizationError):
            pass
        else:
            raise AssertionError("a wrong key opened the namespace")


class Operator:
    """Contoso's operator, with a token of the sandbox's authority."""

    def __init__(self, ready):
        self.ready = ready

    def get_token(self, *scopes, **_):
        operator = self.ready["tenants"]["contoso"]["operator"]
        form = {
            "grant_type": "client_credentials",
            "client_id": operator["clientId"],
            "client_secret": operator["clientSecret"],
            "scope": scopes[0],
        }
        address = f"{self.ready['authority']}/{self.ready['tenants']['contoso']['tenantId']}/oauth2/v2.0/token"
        trusted = ssl.create_default_context(cafile=self.ready["caBundle"])
        with urllib.request.urlopen(address, urllib.parse.urlencode(form).encode(), context=trusted) as answer:
            token = json.load(answer)
        return AccessToken(token["access_token"], int(time.time()) + token["expires_in"])


def an_entra_token_opens_the_namespace_of_its_tenant_only(ready):
    # Over plain TCP: this client takes TLS to port 5671 only.
    for tenant, opens in [("contoso", True), ("fabrikam", False)]:
        host = ready["tenants"][tenant]["serviceBus"].split("sb://")[1].split(";")[0]
        with ServiceBusClient(host, Operator(ready), use_tls=False, retry_total=0) as client:
            try:
                with client.get_queue_sender(QUEUE) as sender:
                    sender.send_messages(ServiceBusMessage("from Entra"))
                assert opens, "a token of another tenant opened the namespace"
            except (ServiceBusAuthenticationError, ServiceBusAuthorizationError):
                assert not opens
                continue
            with client.get_queue_receiver(QUEUE) as receiver:
                receiver.complete_message(one(receiver))


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        ready = json.load(file)
    connection = ready["tenants"]["contoso"]["serviceBus"]
    with ServiceBusClient.from_connection_string(connection, retry_total=0) as client:
        steps = [
            properties_survive,
            lists_are_unpacked,
            a_large_message_takes_many_frames,
            abandoned_messages_come_again_and_die,
            messages_are_dead_lettered_with_a_reason,
            locks_are_renewed_and_given_back,
            scheduled_messages_wait_and_can_be_taken_back,
            duplicates_are_dropped,
            receive_and_delete,
        ]
        for step in steps:
            step(client)
            print(f"{step.__name__.replace('_', ' ')}: ok", flush=True)
        what_is_not_allowed_is_refused(client, connection)
        print("what is not allowed is refused: ok")
    an_entra_token_opens_the_namespace_of_its_tenant_only(ready)
    print("an entra token opens the namespace of its tenant only: ok")


main()
