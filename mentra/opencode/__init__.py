"""The OpenCode wing: a bridge from one protobuf WebSocket to an OpenCode server's HTTP API."""
