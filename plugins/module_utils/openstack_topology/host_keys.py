"""SSH host keys as cloud-init prints them on a server's console."""

from __future__ import annotations

import base64
import re

BEGIN, END = (f"-----{side} SSH HOST KEY KEYS-----" for side in ("BEGIN", "END"))
BLOCK = re.compile(f"{BEGIN}((?:(?!{BEGIN}).)*?){END}", re.DOTALL)
KEY = re.compile(r"\b((?:ssh|ecdsa|sk)-[a-z0-9@.-]+) (AAAA[A-Za-z0-9+/]+={0,2})(?![A-Za-z0-9+/=])")


def host_keys(console: str) -> list[str]:
    """Return the keys of the last complete block in a console's text, each as `type base64`; `[]` if there
    is none.

    Other programs write to the console too: prefixes, carriage returns and lines in between are passed
    over, and so is a key that one of them has torn apart.
    """
    for block in reversed(BLOCK.findall(console.replace("\r", ""))):
        keys = [f"{kind} {blob}" for kind, blob in KEY.findall(block) if is_key(kind, blob)]
        if keys:
            return list(dict.fromkeys(keys))
    return []


def is_key(kind: str, blob: str) -> bool:
    """Tell whether the blob is whole: it begins with its own type, and its fields fill it exactly."""
    try:
        data = base64.b64decode(blob, validate=True)
    except ValueError:
        return False
    fields = []
    while len(data) >= 4:
        size = int.from_bytes(data[:4], "big")
        if len(data) < 4 + size:
            return False
        fields.append(data[4 : 4 + size])
        data = data[4 + size :]
    return not data and len(fields) > 1 and fields[0] == kind.encode()
