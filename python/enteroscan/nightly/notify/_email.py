"""Messages by e-mail."""

import smtplib
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from pathlib import Path
from typing import Literal

from enteroscan.errors import DeliveryError, SpecError
from enteroscan.nightly.notify._message import Message

__all__ = ["Email"]

DENIALS = (smtplib.SMTPResponseException, smtplib.SMTPRecipientsRefused)


@dataclass(frozen=True, kw_only=True)
class Email:
    """Sends messages through a mail server, always over TLS.

    Parameters
    ----------
    host, port
        The server. `port` None: 587 with ``"starttls"``, 465 with ``"tls"``.
    security
        ``"starttls"``: the connection turns to TLS before anything is said, or is given up.
        ``"tls"``: it is TLS from the start.
    sender, recipients
        Addresses.
    user, password
        To sign in; without a user nobody signs in.
    ca_file
        Certificates (PEM) to trust, for a server with a certificate of the house. None: those of
        the system.
    timeout_seconds
        How long to wait for each answer.
    """

    host: str
    sender: str
    recipients: Sequence[str]
    port: int | None = None
    security: Literal["starttls", "tls"] = "starttls"
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None
    timeout_seconds: float = 30.0

    def __post_init__(self) -> None:
        """Check the settings."""
        if self.security not in ("starttls", "tls"):
            message = f"security={self.security!r} is unknown; choose from starttls, tls"
            raise SpecError(message)
        if isinstance(self.recipients, str) or not self.recipients:
            message = "recipients: give a list of at least one address"
            raise SpecError(message)
        for address in (self.sender, *self.recipients):
            if "@" not in parseaddr(address)[1] or not address.isprintable():
                message = f"{address!r} is no address; write somebody@example.org"
                raise SpecError(message)

    def send(self, message: Message, *, is_retry: bool = False) -> None:
        """Send a message.

        Parameters
        ----------
        message
            What to send.
        is_retry
            Whether it may have been sent before; it then says that it may be a duplicate.

        Raises
        ------
        DeliveryError
            It was not sent, or nobody knows: `DeliveryError.may_have_arrived`.
        """
        letter = self._letter(message, is_retry=is_retry)
        handed_over, refused = False, None
        try:
            with self._connection() as server:
                if self.user is not None:
                    server.login(self.user, self.password or "")
                handed_over = True
                refused = server.send_message(letter)
        except (OSError, smtplib.SMTPException) as error:
            if refused is None:  # else it was accepted, and only the goodbye failed
                denied = isinstance(error, DENIALS)
                raise DeliveryError(
                    self._where, _reason(error), may_have_arrived=handed_over and not denied
                ) from error
        if refused:
            reason = f"refused for {', '.join(sorted(refused))}"
            raise DeliveryError(self._where, reason, may_have_arrived=True)

    @property
    def _where(self) -> str:
        return f"mail server {self.host}"

    def _letter(self, message: Message, *, is_retry: bool) -> EmailMessage:
        letter = EmailMessage()
        letter["From"], letter["To"] = self.sender, ", ".join(self.recipients)
        letter["Subject"] = f"{message.duplicate}{message.subject}" if is_retry else message.subject
        letter["Message-ID"] = f"<{message.key}@enteroscan.invalid>"
        letter["Date"] = formatdate()
        letter["Auto-Submitted"] = "auto-generated"
        text = f"{message.duplicate_line}\n\n{message.text}" if is_retry else message.text
        letter.set_content(text)
        return letter

    def _connection(self) -> smtplib.SMTP:
        context = ssl.create_default_context(cafile=self.ca_file)
        timeout = self.timeout_seconds
        if self.security == "tls":
            return smtplib.SMTP_SSL(self.host, self.port or 465, timeout=timeout, context=context)
        server = smtplib.SMTP(self.host, self.port or 587, timeout=timeout)
        try:
            server.starttls(context=context)
        except BaseException:
            server.close()
            raise
        return server


def _reason(error: BaseException) -> str:
    """Return the class of an error and the code of the server; its text may repeat a password."""
    code = getattr(error, "smtp_code", None)
    detail = f"code {code}" if code else getattr(error, "strerror", None) or ""
    return f"{type(error).__name__} {detail}".strip()
