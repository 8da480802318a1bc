"""Messages as protobuf, for the server and for its clients; needs the extra ``opencode``.

``messages_pb2`` is generated from ``proto/messages.proto`` by ``make proto``.
"""
