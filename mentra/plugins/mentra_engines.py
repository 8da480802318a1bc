"""What holds the engines; the engines themselves are in dropins of their own."""

from mentra.engines import engines
from mentra.threads import threads
