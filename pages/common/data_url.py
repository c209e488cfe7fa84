"""Pictures inside of an address, for what the page hands to its own HTML, charts and tables."""

import base64


def data_url(content: bytes, kind: str) -> str:
    """Encode a picture as a data URL; `kind` is "png", "jpeg" or "webp"."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
