"""The WebSocket edge: peers, factories, limits, and the dialects that spell messages."""
