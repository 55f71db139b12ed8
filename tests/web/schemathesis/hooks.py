"""Where the schema says "file", schemathesis sends images, sound, odd and bad."""

from __future__ import annotations

import base64

import schemathesis
from fixtures_images import make_images
from hypothesis import strategies as st

IMAGES = make_images()
NAMES = ("good_jpeg", "rgba_png", "tiff", "truncated_jpeg", "text_jpg", "empty")
FILES = st.sampled_from([IMAGES[name] for name in NAMES]) | st.binary(max_size=64)

schemathesis.openapi.format("binary", FILES)
schemathesis.openapi.format("byte", FILES.map(lambda content: base64.b64encode(content).decode()))
schemathesis.openapi.media_type("image/jpeg", FILES)
