"""How an input is changed a little: anywhere, or within what it packs."""

from __future__ import annotations

import io
import random
import zipfile
import zlib
from contextlib import suppress

#: Longest input, in bytes.
LONGEST = 2**18
_NUMBERS = (0, 1, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def mutate(content: bytes, chance: random.Random, words: tuple[bytes, ...] = ()) -> bytes:
    """Return an input that differs a little, sound where only what lies within is to differ.

    Checksums of PNG are set right again, and what a ZIP archive or an ONNX file holds is changed
    inside it: else most inputs would end at the first check.
    """
    inside = chance.random() < 0.7
    if inside and content.startswith(b"PK\x03\x04"):
        with suppress(Exception):
            return _zip_with_one_changed(content, chance, words)
    if inside and b"hemavision" in content[-(2**16) :] and not content.startswith((b"{", b"\x89")):
        with suppress(Exception):
            return _onnx_with_one_changed(content, chance, words)
    changed = bytearray(content)
    for _ in range(chance.choice((1, 1, 2, 4, 16))):
        _change(changed, chance, words)
    if inside and changed.startswith(b"\x89PNG"):
        _mend_png(changed)
    return bytes(changed[:LONGEST])


def _change(content: bytearray, chance: random.Random, words: tuple[bytes, ...]) -> None:
    # Headers tell sizes and kinds: half of all changes are among the first bytes.
    end = min(len(content), 256) if chance.random() < 0.5 else len(content)
    at = chance.randrange(end + 1)
    size = chance.choice((1, 2, 4, 8, 32, 256))
    match chance.randrange(8):
        case 0 if at < len(content):
            content[at] ^= 1 << chance.randrange(8)
        case 1:
            number = (chance.choice(_NUMBERS) + chance.choice((-1, 0, 1))) % 2**32
            width = chance.choice((1, 2, 4))
            order = chance.choice(("little", "big"))
            value = (number % 2 ** (8 * width)).to_bytes(width, order)  # type: ignore[arg-type]
            content[at : at + width] = value
        case 2:
            content[at:at] = chance.randbytes(size)
        case 3:
            del content[at : at + size]
        case 4:
            begin = chance.randrange(len(content) + 1)
            content[at:at] = content[begin : begin + size]
        case 5 if words:
            word = chance.choice(words)
            content[at : at + chance.choice((0, len(word)))] = word
        case 6 if digits := [i for i, byte in enumerate(content) if 48 <= byte <= 57][:4096]:
            at = chance.choice(digits)
            content[at : at + 1] = chance.choice((b"0", b"-1", b"999999999", b"1e309", b"1.5"))
        case _:
            del content[max(at, 1) :]


def _zip_with_one_changed(content: bytes, chance: random.Random, words: tuple[bytes, ...]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(stream, "w") as new:
        infos = old.infolist()
        chosen = chance.randrange(len(infos))
        for number, info in enumerate(infos):
            if info.file_size > LONGEST:
                raise ValueError("too large")
            entry = old.read(info)
            if number == chosen:
                entry = mutate(entry, chance, words)
            new.writestr(info, entry)
    return stream.getvalue()


def _onnx_with_one_changed(
    content: bytes, chance: random.Random, words: tuple[bytes, ...]
) -> bytes:
    import onnx

    model = onnx.load_from_string(content)
    node, tensor = chance.choice(model.graph.node), chance.choice(model.graph.initializer)
    match chance.randrange(7):
        case 0:
            (prop,) = model.metadata_props
            changed = mutate(prop.value.encode(), chance, words)
            prop.value = changed.decode("utf-8", "replace")
        case 1:
            node.op_type = chance.choice(model.graph.node).op_type
        case 2:
            node.input[chance.randrange(len(node.input))] = chance.choice(
                [*chance.choice(model.graph.node).output, tensor.name, ""]
            )
        case 3:
            tensor.dims[chance.randrange(len(tensor.dims))] = chance.choice(
                (0, -1, 7, 2**31, 2**40)
            )
        case 4 if node.attribute:
            attribute = chance.choice(node.attribute)
            value = chance.choice((-1, 0, 2, 2**20, 2**62))
            attribute.i = value
            attribute.ints[:] = [value for _ in attribute.ints]
        case 5:
            tensor.raw_data = mutate(tensor.raw_data, chance)
        case _:
            model.graph.node.remove(node)
    return model.SerializeToString()


def _mend_png(content: bytearray) -> None:
    """Set the chunks' checksums right, as far as there are whole chunks."""
    at = 8
    while at + 12 <= len(content):
        end = at + 8 + int.from_bytes(content[at : at + 4], "big")
        if end + 4 > len(content):
            return
        content[end : end + 4] = zlib.crc32(content[at + 4 : end]).to_bytes(4, "big")
        at = end + 4
