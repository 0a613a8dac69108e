"""Messages to a web address."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from enteroscan.errors import DeliveryError, SpecError
from enteroscan.nightly.notify._message import Message

__all__ = ["Webhook"]


@dataclass(frozen=True, kw_only=True)
class Webhook:
    """Posts messages as JSON to an address.

    The body is `Message.data` with ``key``, ``subject``, ``text`` and ``may_be_duplicate``; the
    header ``Idempotency-Key`` is the key. Redirections are not followed: the news goes where it
    was meant to go, or nowhere.

    Parameters
    ----------
    url
        Address, http or https. It is kept out of errors and logs, as it may hold a token.
    headers
        Further headers, such as ``{"Authorization": "Bearer ..."}``.
    ca_file
        Certificates (PEM) to trust. None: those of the system.
    timeout_seconds
        How long to wait for the answer.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        """Check the settings."""
        parts = urlsplit(self.url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            message = "url must begin with https:// or http:// and name a server"
            raise SpecError(message)
        for name, value in self.headers.items():
            if not (f"{name}{value}".isascii() and f"{name}{value}".isprintable()):
                message = f"headers: {name!r} holds characters that a header cannot have"
                raise SpecError(message)

    def send(self, message: Message, *, is_retry: bool = False) -> None:
        """Send a message.

        Parameters
        ----------
        message
            What to send.
        is_retry
            Whether it may have been sent before; the body then says ``"may_be_duplicate": true``.

        Raises
        ------
        DeliveryError
            It was not sent, or nobody knows: `DeliveryError.may_have_arrived`.
        """
        where = f"webhook at {urlsplit(self.url).hostname}"
        try:
            with self._opener().open(
                self._request(message, is_retry), timeout=self.timeout_seconds
            ):
                return
        except urllib.error.HTTPError as error:
            error.close()
            reason, arrived = f"it answered {error.code}", error.code >= 500
        except urllib.error.URLError as error:
            reason, arrived = f"{type(error.reason).__name__}", not _never_connected(error.reason)
        except (OSError, HTTPException) as error:
            reason, arrived = type(error).__name__, True
        raise DeliveryError(where, reason, may_have_arrived=arrived)

    def _request(self, message: Message, is_retry: bool) -> urllib.request.Request:
        body: dict[str, Any] = {
            "key": message.key,
            "subject": f"{message.duplicate if is_retry else ''}{message.subject}",
            "text": message.text,
            "may_be_duplicate": is_retry,
            **message.data,
        }
        return urllib.request.Request(
            self.url,
            data=json.dumps(body, ensure_ascii=False).encode(),
            headers={
                "Content-Type": "application/json; charset=utf-8",
                "Idempotency-Key": message.key,
                "User-Agent": "enteroscan",
                **self.headers,
            },
            method="POST",
        )

    def _opener(self) -> urllib.request.OpenerDirector:
        context = ssl.create_default_context(cafile=self.ca_file)
        return urllib.request.build_opener(
            _NoRedirection, urllib.request.HTTPSHandler(context=context)
        )


class _NoRedirection(urllib.request.HTTPRedirectHandler):
    """Takes a redirection for the failure that it is."""

    def redirect_request(self, *args: object, **options: object) -> None:
        """Follow nothing."""


def _never_connected(reason: object) -> bool:
    """Whether an error came before anything could be sent."""
    return isinstance(reason, ConnectionRefusedError | ssl.SSLCertVerificationError) or (
        type(reason).__name__ == "gaierror"
    )
