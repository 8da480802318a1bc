"""Sound in datagrams.  Source: docs/protocol/glasses, "Sound over UDP".

``port``       where datagrams arrive, and whose they are
``link``       one session's: pings, order, secrets
``reordering`` puts them in order
``secrecy``    opens encrypted ones
"""
