"""Numbers that fit into protobuf's fields."""

import math

LARGEST = 2**63 - 1


def int64(value: int | float) -> int:
    """*value* as a whole number of 64 bits, as near as can be."""
    if isinstance(value, float) and not math.isfinite(value):
        return 0 if math.isnan(value) else int(math.copysign(LARGEST, value))
    return max(-LARGEST, min(LARGEST, int(value)))
