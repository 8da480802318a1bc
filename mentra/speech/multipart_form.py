"""Fields and a file, as a form that is sent by HTTP.  Source: RFC 7578."""

import secrets

import attrs


@attrs.frozen
class Form:
    """A form.

    :ivar content_type: with the boundary that the body has.
    """

    body: bytes
    content_type: str

    @classmethod
    def of(
        cls, fields: dict[str, str], *, name: str, filename: str, content_type: str, content: bytes
    ) -> "Form":
        """*fields*, and a file as the field *name*."""
        # nobody can have put a boundary in there that was not known before
        boundary = secrets.token_hex(16)
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{field}"\r\n\r\n{value}\r\n'
            for field, value in fields.items()
        ]
        head = (
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"; '
            f'filename="{filename}"\r\nContent-Type: {content_type}\r\n\r\n'
        )
        body = b"".join(
            ("".join(parts).encode(), head.encode(), content, f"\r\n--{boundary}--\r\n".encode())
        )
        return cls(body, f"multipart/form-data; boundary={boundary}")
