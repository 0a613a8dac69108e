"""Messages about nights: each channel is told once, or the duplicate says that it is one."""

import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path

import sqlalchemy as sa

from enteroscan._language import Texts
from enteroscan.errors import DeliveryError, SpecError
from enteroscan.nightly import notify
from enteroscan.nightly.config import Config, Email, Webhook
from enteroscan.nightly.ledger import Ledger
from enteroscan.nightly.ledger.models import OutboxRow

__all__ = ["Channel", "channels", "deliver"]

Channel = notify.Email | notify.Webhook


def channels(config: Config) -> dict[str, Channel]:
    """Return what the settings want to be told.

    Raises
    ------
    SpecError
        An address cannot be one, a secret is not in the environment, or there is no file of
        certificates.
    """
    given = config.notify.channels().items()
    return {name: _channel(settings, _ca_file(config, settings)) for name, settings in given}


def _ca_file(config: Config, settings: Email | Webhook) -> Path | None:
    if settings.ca_file is None:
        return None
    path = config.path(settings.ca_file)
    if not path.is_file():
        message = f"{path}: {Texts(None, 'file')('absent')}"
        raise SpecError(message)
    return path


def _channel(settings: Email | Webhook, ca_file: Path | None) -> Channel:
    if isinstance(settings, Webhook):
        token = _secret(settings.token_env)
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        return notify.Webhook(
            url=settings.url,
            headers=headers,
            ca_file=ca_file,
            timeout_seconds=settings.timeout_s,
        )
    return notify.Email(
        host=settings.host,
        port=settings.port,
        security=settings.security,
        sender=settings.sender,
        recipients=settings.to,
        user=settings.user,
        password=_secret(settings.password_env),
        ca_file=ca_file,
        timeout_seconds=settings.timeout_s,
    )


def _secret(variable: str | None) -> str | None:
    if variable is None:
        return None
    if not (value := os.environ.get(variable)):
        raise SpecError(Texts(None, "nightly")("no_secret", name=variable))
    return value


def deliver(
    ledger: Ledger, as_of: date, message: notify.Message, to: Mapping[str, Channel]
) -> list[DeliveryError]:
    """Send a night's message to all channels that have not had it; return what went wrong.

    That a message is about to go out is written down before it does, and that it went out
    afterwards: one that was begun and not ended may be a duplicate, and says so.
    """
    keys = {name: f"{as_of.isoformat()}/{name}" for name in to}
    with ledger.transaction() as session:
        for name, key in keys.items():
            if session.get(OutboxRow, key) is None:
                row = OutboxRow(key=key, as_of=as_of, channel=name, message=asdict(message))
                session.add(row)
    errors = (_deliver(ledger, key, to[name]) for name, key in keys.items())
    return [error for error in errors if error is not None]


def _deliver(ledger: Ledger, key: str, channel: Channel) -> DeliveryError | None:
    with ledger.transaction() as session:
        row = session.get_one(OutboxRow, key)
        if row.sent is not None:
            return None
        is_retry, message = row.attempted is not None, notify.Message(**row.message)
        row.attempted = datetime.now(UTC)
    try:
        channel.send(message, is_retry=is_retry)
    except DeliveryError as error:
        # What has certainly not arrived is no duplicate when it is sent again.
        gone = {} if error.may_have_arrived or is_retry else {"attempted": None}
        _note(ledger, key, error=str(error), **gone)
        return error
    _note(ledger, key, sent=datetime.now(UTC), error=None)
    return None


def _note(ledger: Ledger, key: str, **values: object) -> None:
    with ledger.transaction() as session:
        session.execute(sa.update(OutboxRow).where(OutboxRow.key == key).values(**values))
