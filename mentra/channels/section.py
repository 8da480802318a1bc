"""[channels]: what a sysadmin may set about browser channels."""

from typing import Annotated, Any

from msgspec import Meta, field

from mentra.extension import ConfigSection, Section
from mentra.origins import is_loopback


class ChannelsSettings(Section, frozen=True, kw_only=True):
    """[channels]: requests, answers and events for browser pages.

    At a port of their own everybody is the same person; at the server's port everybody is who
    their token says.
    """

    own_port: Annotated[
        bool, Meta(description="Whether channels have a port of their own, for this machine.")
    ] = True
    port: Annotated[
        int,
        Meta(ge=0, le=65_535, description="That port; if it is in use, the next of ten that is "
             "not.  0: any that is free."),
    ] = 3001  # fmt: skip
    host: Annotated[
        str,
        Meta(min_length=1, description="Address it listens at.  One that other machines reach "
             "needs a token_file."),
    ] = "localhost"  # fmt: skip
    token_file: Annotated[
        str,
        Meta(description="File with the token that pages must show at that port, readable by its "
             "owner alone; empty: whoever is on this machine may come."),
    ] = ""  # fmt: skip
    user: Annotated[
        str,
        Meta(min_length=1, max_length=320, description="Whose chats, settings and credentials "
             "these are: an e-mail address, or a word."),
    ] = "local"  # fmt: skip
    main_port: Annotated[
        bool,
        Meta(description="Whether channels are at /channels of the server's port as well, for its "
             "users with their tokens."),
    ] = True  # fmt: skip
    origins: Annotated[
        tuple[str, ...],
        Meta(description="Web sites besides this machine's whose pages may connect, written "
             "https://example.org."),
    ] = ()  # fmt: skip
    max_frame: Annotated[
        int, Meta(ge=1024, le=64 * 1024 * 1024, description="Longest message of a page, bytes.")
    ] = 1024 * 1024
    max_queue: Annotated[
        int,
        Meta(ge=65_536, description="Bytes queued for a page that does not read; more closes it."),
    ] = 8 * 1024 * 1024
    side_by_side: Annotated[
        int, Meta(ge=2, le=10_000, description="Requests of one page that are worked at at a time.")
    ] = 64
    max_waiting: Annotated[
        int, Meta(ge=1, description="Requests that may wait behind those before no more is read.")
    ] = 256
    rate: Annotated[
        int, Meta(ge=1, description="Messages that a page may send within a window.")
    ] = 100
    rate_window: Annotated[
        float, Meta(gt=0, le=3600, description="How long a window is, seconds.")
    ] = 1.0
    heartbeat: Annotated[
        float, Meta(gt=0, le=3600, description="Seconds between two heartbeats that pages get.")
    ] = 30.0
    max_chats: Annotated[int, Meta(ge=1, description="Chats that one person may have.")] = 10_000
    max_messages: Annotated[int, Meta(ge=1, description="Messages that one chat may have.")] = (
        200_000
    )
    max_settings: Annotated[
        int, Meta(ge=1024, description="What one person may have set, bytes of JSON.")
    ] = 256 * 1024
    max_credentials: Annotated[
        int, Meta(ge=1, description="Credentials that one person may have.")
    ] = 100
    settings: Annotated[
        dict[str, Any],
        Meta(description="Settings of pages that hold where a person has set nothing else, such as "
             "{theme = \"light\"}."),
    ] = field(default_factory=dict)  # fmt: skip
    restore_roots: Annotated[
        tuple[str, ...],
        Meta(
            description="Folders in which files of restore points may be written; empty: nowhere."
        ),
    ] = ()
    max_code_sessions: Annotated[
        int, Meta(ge=1, description="Sessions of coding assistants that one person may have.")
    ] = 2000
    max_code_entries: Annotated[
        int, Meta(ge=1, description="Entries that the transcript of one such session may have.")
    ] = 200_000
    max_code_bytes: Annotated[
        int, Meta(ge=1024, description="Bytes of all files in one person's restore points.")
    ] = 1024 * 1024 * 1024

    chat_page: Annotated[
        bool, Meta(description="Whether the example of a page is served at /examples/chat/.")
    ] = True
    artifact_roots: Annotated[
        tuple[str, ...],
        Meta(description="Folders that artifacts may be installed from; empty: only from what "
             "pages send."),
    ] = ()  # fmt: skip
    artifact_wasm: Annotated[
        bool,
        Meta(description="Whether artifacts may be WebAssembly modules.  They run in a sandbox, "
             "without files and network."),
    ] = False  # fmt: skip
    artifact_python: Annotated[
        bool,
        Meta(description="Whether artifacts may be Python programs.  They run with bounds and an "
             "empty environment, but can do and read whatever the server's user can."),
    ] = False  # fmt: skip
    artifact_memory: Annotated[
        int, Meta(ge=1024 * 1024, description="Memory of an artifact, bytes.")
    ] = 128 * 1024 * 1024
    artifact_fuel: Annotated[
        int, Meta(ge=1, description="Instructions, roughly, that a WebAssembly module may run.")
    ] = 10_000_000_000
    artifacts_at_a_time: Annotated[
        int, Meta(ge=1, le=100, description="Artifacts that run at a time, all people together.")
    ] = 4
    max_artifacts: Annotated[int, Meta(ge=1, description="Artifacts that one person may have.")] = (
        200
    )
    max_artifact_bytes: Annotated[
        int, Meta(ge=1024, description="Bytes of an artifact's files.")
    ] = 8 * 1024 * 1024

    @property
    def is_near(self) -> bool:
        """Whether only this machine reaches the port."""
        return is_loopback(self.host)

    @property
    def hosts(self) -> tuple[str, ...]:
        """Addresses to listen at."""
        return ("127.0.0.1", "::1") if self.host == "localhost" else (self.host,)


channels_section = ConfigSection("channels", ChannelsSettings)
