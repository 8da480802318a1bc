"""A real server, as for the other tests that start one."""

from tests.server.conftest import start as start  # a fixture, taken over
