"""DICOM files of one picture, written by pydicom."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEGBaseline8Bit

JPEG = str(JPEGBaseline8Bit)


def a_dicom(
    picture: np.ndarray | bytes,
    *,
    implicit: bool = False,
    icon: bool = False,
    shared: float = 0.0,
    syntax: str = "",
    **said: Any,
) -> bytes:
    """Write a VL Microscopic Image; ``said`` is what it says in place of the truth.

    Args:
        picture: samples, or a JPEG file.
        implicit: whether elements say nothing of their kind.
        icon: whether a small picture stands before the picture.
        shared: size of a pixel in mm, among what frames have in common.
        syntax: what the file calls its transfer syntax, whatever it is.
        said: further elements.
    """
    data, deep = Dataset(), isinstance(picture, np.ndarray) and picture.dtype == np.uint16
    samples = picture if isinstance(picture, np.ndarray) else np.zeros((64, 64, 3), np.uint8)
    colour = samples.ndim == 3
    bits = 16 if deep else 8
    values = {
        "Rows": samples.shape[0], "Columns": samples.shape[1], "BitsAllocated": bits,
        "BitsStored": bits, "HighBit": bits - 1, "PixelRepresentation": 0,
        "SamplesPerPixel": 3 if colour else 1, "PlanarConfiguration": 0,
        "PhotometricInterpretation": "RGB" if colour else "MONOCHROME2",
    }  # fmt: skip
    for name, value in (values | said).items():
        setattr(data, name, value)
    if icon:
        small = Dataset()
        small.Rows, small.Columns, small.PixelData = 8, 8, bytes(64)
        small["PixelData"].VR = "OB"
        data.IconImageSequence = [small]
    if shared:
        measures, group = Dataset(), Dataset()
        measures.PixelSpacing = [shared, shared]
        group.PixelMeasuresSequence = [measures]
        data.SharedFunctionalGroupsSequence = [group]
    if isinstance(picture, bytes):
        data.PixelData = encapsulate([picture])
    else:
        planes = np.moveaxis(picture, -1, 0) if said.get("PlanarConfiguration") else picture
        content = planes.tobytes()
        data.PixelData = content + bytes(len(content) % 2)
    data["PixelData"].VR = "OW" if implicit or deep else "OB"
    return _file(data, implicit, isinstance(picture, bytes), syntax)


def _file(data: Dataset, implicit: bool, jpeg: bool, syntax: str) -> bytes:
    meta = FileMetaDataset()
    plain = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian
    meta.TransferSyntaxUID = JPEGBaseline8Bit if jpeg else plain
    meta.MediaStorageSOPClassUID = "1.2.840.10008.5.1.4.1.1.77.1.2"
    meta.MediaStorageSOPInstanceUID = "1.2.3"
    data.file_meta = meta
    data["PixelData"].is_undefined_length = jpeg
    buffer = io.BytesIO()
    data.save_as(buffer, enforce_file_format=True)
    content = buffer.getvalue()
    if not syntax:
        return content
    was = str(meta.TransferSyntaxUID)
    # In place: its length, and so that of the group, would change what follows.
    element = b"\x02\x00\x10\x00UI" + (len(was) + len(was) % 2).to_bytes(2, "little")
    start = content.index(element)
    new = syntax.encode() + b"\0" * (len(syntax) % 2)
    end = start + len(element) + len(was) + len(was) % 2
    group = content.index(b"\x02\x00\x00\x00UL\x04\x00") + 8
    length = int.from_bytes(content[group : group + 4], "little") + len(new) - (end - start - 8)
    head = content[:group] + length.to_bytes(4, "little") + content[group + 4 : start]
    return head + element[:6] + len(new).to_bytes(2, "little") + new + content[end:]
