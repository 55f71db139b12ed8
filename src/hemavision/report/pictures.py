"""Pictures of cells, made small and safe for a document."""

from __future__ import annotations

import io
from base64 import b64encode

from PIL import Image

from hemavision.images.opening import open_image

#: Sharp at two centimetres on paper.
SIDE_PX = 240
QUALITY = 88


def small_jpeg(content: bytes, side_px: int = SIDE_PX) -> bytes:
    """Return an image file as a JPEG whose longer side is at most ``side_px``.

    The file is opened as any untrusted image, and what else it carried (place, camera, names) is
    left behind.

    Raises:
        ImageError: it is no image that can be read.
    """
    picture = Image.fromarray(open_image(content).rgb)
    picture.thumbnail((side_px, side_px), Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    # Colour as fine as light: stains differ in hue.
    picture.save(stream, "JPEG", quality=QUALITY, subsampling=0)
    return stream.getvalue()


def data_address(content: bytes) -> str:
    """Return an image file as the address of an image inside a page."""
    return f"data:image/jpeg;base64,{b64encode(small_jpeg(content)).decode()}"
