"""Values of every structure that travels, drawn from its own types and bounds; and what becomes of bytes on the way."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

_NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=64)


def of(kind: Any) -> st.SearchStrategy[Any]:
    """Values of a type: small ones, and those at the ends of its bounds."""
    return _of(inspect.type_info(kind))


def _of(info: inspect.Type) -> st.SearchStrategy[Any]:
    match info:
        case inspect.IntType():
            low = info.ge if info.ge is not None else (info.gt + 1 if info.gt is not None else -(1 << 62))
            high = info.le if info.le is not None else (info.lt - 1 if info.lt is not None else 1 << 62)
            return st.integers(low, high) | st.sampled_from([low, high, min(max(1, low), high)])
        case inspect.BytesType():
            least = info.min_length or 0
            most = min(info.max_length if info.max_length is not None else 64, least + 64)
            return st.binary(min_size=least, max_size=most)
        case inspect.StrType():
            return _NAMES.filter(lambda text: (info.min_length or 0) <= len(text) <= (info.max_length or 64))
        case inspect.LiteralType():
            return st.sampled_from(info.values)
        case inspect.NoneType():
            return st.none()
        case inspect.BoolType():
            return st.booleans()
        case inspect.ListType():
            return st.lists(_of(info.item_type), min_size=info.min_length or 0, max_size=min(info.max_length or 3, 3))
        case inspect.TupleType():
            return st.tuples(*(_of(each) for each in info.item_types))
        case inspect.DictType():
            most = min(info.max_length or 3, 3)
            return st.dictionaries(_of(info.key_type), _of(info.value_type), max_size=most)
        case inspect.UnionType():
            return st.one_of([_of(each) for each in info.types])
        case inspect.StructType():
            return st.builds(info.cls, **{field.name: _of(field.type) for field in info.fields})
        case inspect.RawType():
            return st.integers(0, 255).map(lambda value: msgspec.Raw(msgspec.msgpack.encode(value)))
    raise AssertionError(f"no values of {info}")


_HEADS = [
    b"\xdd\xff\xff\xff\xff",  # an array, a map, bytes and a text of 2^32 - 1
    b"\xdf\xff\xff\xff\xff",
    b"\xc6\xff\xff\xff\xff",
    b"\xdb\xff\xff\xff\xff",
    b"\xdc\xff\xff",
    b"\xcf\xff\xff\xff\xff\xff\xff\xff\xff",  # numbers
    b"\xd3\x80\0\0\0\0\0\0\0",
    b"\xcb\x7f\xf8\0\0\0\0\0\0",  # not a number
    b"\xd6\xff\0\0\0\0",  # an instant, an extension, a byte that is never used, nothing
    b"\xc9\xff\xff\xff\xff\x01",
    b"\xc1",
    b"\xc0",
    b"\x91" * 20_000,  # deep
    b"\x81\xa1a" * 20_000,
]


@st.composite
def bent(draw: st.DrawFn, data: bytes) -> bytes:
    """The same bytes after some accidents."""
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, len(data)))
        to = draw(st.integers(at, min(len(data), at + 16)))
        match draw(st.sampled_from(["cut", "bit", "drop", "double", "head", "noise", "more"])):
            case "cut":
                data = data[:at]
            case "bit" if at < len(data):
                data = data[:at] + bytes([data[at] ^ 1 << draw(st.integers(0, 7))]) + data[at + 1 :]
            case "drop":
                data = data[:at] + data[to:]
            case "double":
                data = data[:to] + data[at:]
            case "head":
                data = data[:at] + draw(st.sampled_from(_HEADS)) + data[to:]
            case "noise":
                data = data[:at] + draw(st.binary(max_size=16)) + data[to:]
            case "more":
                data += draw(st.binary(min_size=1, max_size=16))
    return data
