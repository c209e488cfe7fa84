"""Random generators whose numbers follow from what they are for."""

import hashlib

import torch


def seeded(*parts: object) -> torch.Generator:
    """Return a CPU generator whose numbers follow from the parts alone, e.g. `seeded(seed, "order", epoch)`."""
    digest = hashlib.sha256("/".join(map(str, parts)).encode()).digest()
    return torch.Generator().manual_seed(int.from_bytes(digest[:8], "little") % 2**63)
