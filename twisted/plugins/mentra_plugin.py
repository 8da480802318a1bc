"""Teaches twistd the word ``mentra``; every twistd on the machine reads this: it imports little."""

from twisted.application.service import ServiceMaker

mentra = ServiceMaker("mentra", "mentra.tap", "Session service for smart glasses.", "mentra")
