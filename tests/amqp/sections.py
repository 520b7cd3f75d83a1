"""AMQP 1.0 messages taken apart with Proton's codec, section by section, so that types and batches stay visible."""

from proton import Data, Described

HEADER, DELIVERY_ANNOTATIONS, ANNOTATIONS, PROPERTIES, APPLICATION, DATA, SEQUENCE, VALUE = range(0x70, 0x78)
PROPERTY_NAMES = ("message_id", "user_id", "to", "subject", "reply_to", "correlation_id", "content_type")


def sections(encoded):
    """The sections of an encoded message: pairs of a code and a value."""
    found = []
    while encoded:
        data = Data()
        used = data.decode(encoded)
        if used <= 0:
            raise ValueError(f"section {len(found)} cannot be decoded")
        data.next()
        described = data.get_object()
        if not isinstance(described, Described):
            raise ValueError(f"section {len(found)} has no descriptor")
        value = described.value
        # Binary is a view into `data`, which is gone after this turn.
        found.append((int(described.descriptor), bytes(value) if isinstance(value, memoryview) else value))
        encoded = encoded[used:]
    return found


def read(encoded):
    """A message as a dictionary; `data` has one entry for each data section."""
    message = {"annotations": {}, "application": {}, "data": [], "value": None}
    message.update(dict.fromkeys(PROPERTY_NAMES))
    for code, value in sections(encoded):
        if code == ANNOTATIONS:
            message["annotations"] = {str(key): one for key, one in value.items()}
        elif code == PROPERTIES:
            message.update(zip(PROPERTY_NAMES, value))
        elif code == APPLICATION:
            message["application"] = dict(value)
        elif code == DATA:
            message["data"].append(value)
        elif code == VALUE:
            message["value"] = value
    return message


def unpacked(encoded):
    """The messages in a transfer: those of a batch, whose data sections are messages themselves, or the one."""
    outer = read(encoded)
    if len(outer["data"]) < 2:
        return outer, [outer]
    return outer, [read(one) for one in outer["data"]]
