#!/usr/bin/env python3
"""A peer on Apache Qpid Proton that peerpact sends to, and that looks closely at what comes.

    proton_listener.py KEY_NAME KEY

It listens on a free port of 127.0.0.1 and writes a JSON object a line: `{"port": …}` first, then each token that was
put, each message that arrived, and `{"problem": …}` for what is not as Service Bus wants it. Messages are settled only
when it is told to, by lines on standard input:

    accept             settle what waits, with `accepted`
    reject CONDITION   settle what waits, with `rejected` and this condition
    release            settle what waits, with `released`
    detach CONDITION   end every link that messages came over, as Service Bus does with idle ones
    drop               close the sockets without a word
    refuse STATUS      answer the tokens that follow with this status
    quit               end
"""

import json
import sys
import threading

from proton import Condition, Delivery, Endpoint, Message, symbol, timestamp
from proton.handlers import Handshaker
from proton.reactor import ApplicationEvent, Container, EventInjector

import sas
from sections import unpacked

CREDIT = 50
ACCEPTED_TOKEN = 202


def tell(**what):
    print(json.dumps(what), flush=True)


class Listener:
    def __init__(self, name, key, injector):
        self.name, self.key, self.injector = name, key, injector
        self.handlers = [Handshaker()]
        self.port, self.acceptor = None, None
        self.allowed = {}
        self.answers = {}
        self.waiting = []
        self.senders = set()
        self.transports = set()
        self.status = ACCEPTED_TOKEN
        self.tags = 0

    def on_reactor_init(self, event):
        event.reactor.selectable(self.injector)
        self.acceptor = event.reactor.listen("127.0.0.1:0")
        tell(port=self.acceptor._selectable._delegate.getsockname()[1])

    def on_connection_bound(self, event):
        self.transports.add(event.transport)
        event.transport.sasl().allowed_mechs("ANONYMOUS")

    def on_connection_remote_open(self, event):
        tell(opened=event.connection.remote_container, hostname=event.connection.remote_hostname)

    def on_link_remote_open(self, event):
        link = event.link
        link.source.copy(link.remote_source)
        link.target.copy(link.remote_target)
        link.snd_settle_mode, link.rcv_settle_mode = link.remote_snd_settle_mode, link.remote_rcv_settle_mode
        connection = event.connection
        if link.is_sender:
            self.answers[(connection, link.remote_target.address)] = link
        elif link.remote_target.address == "$cbs":
            link.flow(CREDIT)
        elif link.remote_target.address in self.allowed.get(connection, set()):
            self.senders.add(link)
            tell(attached=link.remote_target.address, name=link.name)
            link.flow(CREDIT)
        else:
            tell(problem=f"a link to {link.remote_target.address} without a token")
            link.condition = Condition("amqp:unauthorized-access", "no token for this path")
            link.open()
            link.close()

    def on_link_remote_close(self, event):
        self.senders.discard(event.link)

    def on_delivery(self, event):
        delivery = event.delivery
        link = delivery.link
        if link.is_sender:
            if delivery.updated:
                delivery.settle()
            return
        if delivery.partial or not delivery.readable:
            return
        encoded = link.recv(delivery.pending)
        link.advance()
        if link.remote_target.address == "$cbs":
            delivery.update(Delivery.ACCEPTED)
            delivery.settle()
            self.put_token(event.connection, encoded)
        else:
            if delivery.settled:
                tell(problem="a message was sent settled: nobody would know whether it was taken")
            self.waiting.append(delivery)
            self.received(link.remote_target.address, encoded)
        link.flow(1)

    def put_token(self, connection, encoded):
        request = Message()
        request.decode(encoded)
        headers = request.properties or {}
        audience = headers.get("name", "")
        path = audience.partition("://")[2].partition("/")[2]
        host = f"sb://127.0.0.1:{self.acceptor._selectable._delegate.getsockname()[1]}/{path}"
        faults = [
            headers.get("operation") != "put-token" and f"operation {headers.get('operation')}",
            headers.get("type") != "servicebus.windows.net:sastoken" and f"type {headers.get('type')}",
            audience != host and f"name {audience} instead of {host}",
            not isinstance(headers.get("expiration"), timestamp) and "an expiration that is no timestamp",
            not isinstance(request.body, str) and "a token that is no text",
            isinstance(request.body, str) and sas.problem(request.body, self.name, self.key, audience),
        ]
        faults = [fault for fault in faults if fault]
        status = self.status if not faults else 401
        if faults:
            tell(problem=f"put-token: {'; '.join(faults)}")
        if status == ACCEPTED_TOKEN:
            self.allowed.setdefault(connection, set()).add(path)
        tell(token=path, status=status)
        answer = Message(correlation_id=request.id, properties={"status-code": status, "status-description": "told"})
        link = self.answers.get((connection, request.reply_to))
        if link is None:
            tell(problem=f"put-token wants its answer at {request.reply_to}, where nobody listens")
            return
        self.tags += 1
        delivery = link.delivery(str(self.tags))
        link.send(answer.encode())
        link.advance()
        delivery.update(Delivery.ACCEPTED)

    def received(self, path, encoded):
        outer, messages = unpacked(encoded)
        if len(messages) > 1 and outer["message_id"] != messages[0]["message_id"]:
            tell(problem=f"the batch has the id {outer['message_id']}")
        for message in messages:
            scheduled = message["annotations"].get("x-opt-scheduled-enqueue-time")
            if scheduled is not None and not isinstance(scheduled, timestamp):
                tell(problem=f"the time to enqueue is a {type(scheduled).__name__}, not a timestamp")
            if not isinstance(message["content_type"], symbol):
                tell(problem="the content type is no symbol")
            if len(message["data"]) != 1:
                tell(problem=f"a message with {len(message['data'])} data sections")
            tell(
                received=message["message_id"],
                queue=path,
                subject=message["subject"],
                correlation=message["correlation_id"],
                content_type=message["content_type"],
                scheduled=None if scheduled is None else int(scheduled),
                application=message["application"],
                body=b"".join(message["data"]).decode(),
                batch=len(messages),
            )

    def on_command(self, event):
        command, _, argument = event.subject.partition(" ")
        if command in ("accept", "reject", "release"):
            for delivery in self.waiting:
                self.settle(delivery, command, argument)
            self.waiting.clear()
        elif command == "detach":
            for link in list(self.senders):
                link.condition = Condition(argument, "told to")
                link.close()
        elif command == "drop":
            for transport in list(self.transports):
                transport.close_head()
                transport.close_tail()
            self.transports.clear()
            self.waiting.clear()
        elif command == "refuse":
            self.status = int(argument)
        elif command == "quit":
            sys.exit(0)
        tell(done=event.subject)

    @staticmethod
    def settle(delivery, command, condition):
        if delivery.link.state & Endpoint.REMOTE_CLOSED:
            return
        if command == "reject":
            delivery.local.condition = Condition(condition, "told to")
            delivery.update(Delivery.REJECTED)
        else:
            delivery.update(Delivery.ACCEPTED if command == "accept" else Delivery.RELEASED)
        delivery.settle()


def main():
    injector = EventInjector()
    threading.Thread(target=read, args=(injector,), daemon=True).start()
    Container(Listener(sys.argv[1], sys.argv[2], injector)).run()


def read(injector):
    for line in sys.stdin:
        injector.trigger(ApplicationEvent("command", subject=line.strip()))
    injector.trigger(ApplicationEvent("command", subject="quit"))


if __name__ == "__main__":
    main()
