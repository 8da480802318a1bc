"""The benchmark's modules stand beside its scripts, as they do for Python when a script runs."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
