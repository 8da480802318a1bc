"""Session service for smart glasses that people can own."""

__version__ = "0.1.0"
