"""Archives by the reference libraries: python3-snappy and python3-msgpack of Debian.

interop.py write DIR     writes pairs of x.tri and x.ndjson
interop.py read FILE     prints the events of an archive as JSON lines
"""
import base64, json, os, random, sys
import msgpack, snappy
import python_snappy_crc  # noqa: F401 (mends snappy)

TIME = msgpack.Timestamp(1436553581, 123456789)

VALUES = [
    {},
    {"type": "click", "x": 3, "nested": {"list": [1, 2.5, None, True, False, "héllo ☃ 😀"]}},
    {"u64": 2**64 - 1, "i64": -2**63, "i8": -1, "i16": -300, "i32": -70000, "u32": 2**32 - 1},
    {"f": 0.1, "tiny": 5e-324, "huge": 1.7976931348623157e308, "minus": -1.5},
    {"long": "x" * 40, "longer": "y" * 300, "longest": "z" * 70000},
    {"list": list(range(20)), "map": {str(i): i for i in range(20)}},
    {"list16": [[], {}] * 200},
]
LONG = [{"list32": [0] * 70000}]
BINARY = [{"bin": bytes(range(256)), "empty": b"", "bin16": b"ab" * 200, "time": TIME}]
# use_bin_type=False knows neither binary nor strings of 8-bit lengths.
OLD = [{"raw": b"\xff\xfe ascii", "text": "y" * 300}]


def noise(size):
    return random.Random(1).randbytes(size)


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, msgpack.Timestamp):
        return value.to_datetime().strftime("%Y-%m-%dT%H:%M:%S.") + "%09dZ" % value.nanoseconds
    raise TypeError(value)


def lines(events):
    return "".join(json.dumps(event, default=plain) + "\n" for event in events)


def old(events):
    """What raw bytes of old strings are printed as."""
    return [{k: v.decode("utf-8", "replace") if isinstance(v, bytes) else v for k, v in e.items()}
            for e in events]


def frame(parts):
    compressor = snappy.StreamCompressor()
    return b"".join(compressor.add_chunk(part) for part in parts)


def write(folder):
    pack = lambda events, **kw: [msgpack.packb(event, **kw) for event in events]
    small = [{"n": i, "text": "event %d" % i} for i in range(2000)]
    binary = [{"noise": noise(70000)}]
    pairs = {
        # A chunk for each event, as one who flushes after each would write.
        "python_event_chunks": (frame(pack(VALUES + BINARY)), VALUES + BINARY),
        # Chunks of 64 KiB, which events span.
        "python_spanning": (frame([b"".join(pack(VALUES + LONG + small))]), VALUES + LONG + small),
        "python_old": (frame(pack(VALUES + OLD, use_bin_type=False)), VALUES + old(OLD)),
        "python_stored": (frame(pack(binary)), binary),
        # Two streams, one after the other.
        "python_joined": (frame(pack(small[:9])) + frame(pack(small[9:20])), small[:20]),
        "python_empty": (b"\xff\x06\x00\x00sNaPpY", []),
    }
    for name, (data, events) in pairs.items():
        with open(os.path.join(folder, name + ".tri"), "wb") as out:
            out.write(data)
        with open(os.path.join(folder, name + ".ndjson"), "w", encoding="utf-8") as out:
            out.write(lines(events))


def read(path):
    with open(path, "rb") as file:
        data = snappy.StreamDecompressor().decompress(file.read())
    unpacker = msgpack.Unpacker(raw=False, timestamp=0, max_buffer_size=2**31 - 1)
    unpacker.feed(data)
    sys.stdout.write(lines(unpacker))


if __name__ == "__main__":
    {"write": write, "read": read}[sys.argv[1]](sys.argv[2])
