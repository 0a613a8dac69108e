"""What a message says. It holds no data of persons."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from enteroscan._language import Texts
from enteroscan.nightly.night import Night
from enteroscan.nightly.report import Document, document, readable

__all__ = ["Message", "message"]

MOST_LISTED = 20  # signals in the text


@dataclass(frozen=True, kw_only=True)
class Message:
    """What is sent.

    `key` is the same for the same news of the same night, so that who receives a message twice can
    see it: the `Message-ID` of the e-mail and the `Idempotency-Key` of the webhook. `data` is the
    body of the webhook. `duplicate` and `duplicate_line` are what a retry adds to the subject and
    the text.
    """

    key: str
    subject: str
    text: str
    data: Mapping[str, Any]
    duplicate: str = field(repr=False)
    duplicate_line: str = field(repr=False)


def message(night: Night, *, report: Path | None = None, language: str | None = None) -> Message:
    """Return the message about a night.

    Parameters
    ----------
    night
        What the night found. Of signals with news, identifier, state, title and counts are told.
    report
        Where the page of the night lies, if people are to be told.
    language
        ``"zh"`` or ``"en"``. None: that of the night.

    Examples
    --------
    ::

        told = message(night, report=files["html"])
        Email(host="mail.example", sender="job@example", recipients=["cdc@example"]).send(told)
    """
    shown = document(night, language)
    texts = Texts(shown.language, "notify")
    data = _data(shown, report)
    return Message(
        key=_key(data),
        subject=texts(
            "subject" if shown.n_news else "none", area=shown.area, date=shown.as_of, n=shown.n_news
        ),
        text="\n".join(_lines(shown, texts, report)) + "\n",
        data=data,
        duplicate=texts("duplicate"),
        duplicate_line=texts("duplicate_line"),
    )


def _data(shown: Document, report: Path | None) -> dict[str, Any]:
    return {
        "area": shown.area,
        "as_of": shown.as_of,
        "n_news": shown.n_news,
        "n_by_state": dict(shown.n_by_state),
        "n_failed_detectors": len(shown.failed),
        "signals": [
            {
                "signal_id": signal.signal_id,
                "state": signal.state,
                "title": signal.title[shown.language],
                "n_cases": signal.n_cases,
                "n_new_cases": signal.n_new_cases,
            }
            for signal in shown.signals
            if signal.is_news
        ],
        "report": None if report is None else readable(report),
    }


def _key(data: Mapping[str, Any]) -> str:
    """Return a hash of what is new; where the report lies and what failed do not matter."""
    news = [
        {name: signal[name] for name in ("signal_id", "state", "n_cases", "n_new_cases")}
        for signal in data["signals"]
    ]
    told = json.dumps([data["area"], data["as_of"], news], ensure_ascii=True)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def _lines(shown: Document, texts: Texts, report: Path | None) -> list[str]:
    states = Texts(shown.language, "report.state")
    news = [signal for signal in shown.signals if signal.is_news]
    lines = [
        texts(
            "line",
            id=signal.signal_id,
            state=states(signal.state),
            n=signal.n_cases,
            new=signal.n_new_cases,
            title=signal.title[shown.language],
        )
        for signal in news[:MOST_LISTED]
    ]
    if len(news) > MOST_LISTED:
        lines.append(texts("more", n=len(news) - MOST_LISTED))
    if shown.failed:
        lines.append(texts("failed", n=len(shown.failed)))
    if report is not None:
        lines.append(texts("report", path=readable(report)))
    return [*lines, "", texts("footer")]
