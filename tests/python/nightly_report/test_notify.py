"""Messages reach a mail server over TLS and a webhook; a retry says that it is one."""

import asyncio
import datetime
import email
import email.policy
import ipaddress
import json
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from enteroscan.errors import DeliveryError, SpecError
from enteroscan.nightly.night import Night
from enteroscan.nightly.notify import Email, Message, Webhook, message
from reference import nights


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A certificate of the house for localhost, and its key."""
    folder = tmp_path_factory.mktemp("tls")
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    alternatives = x509.SubjectAlternativeName(
        [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    )
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(alternatives, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / "cert.pem", folder / "key.pem"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return public, private


@dataclass
class Inbox:
    """What a mail server got, and what it answers."""

    answer: str = "250 OK"
    letters: list[EmailMessage] = field(default_factory=list)
    port: int = 0

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        assert isinstance(server.transport, asyncio.Transport)
        assert session.ssl is not None or server.transport.get_extra_info("ssl_object") is not None
        assert isinstance(envelope.content, bytes)
        parsed = email.message_from_bytes(envelope.content, policy=email.policy.default)
        assert isinstance(parsed, EmailMessage)
        if self.answer == "hang up":
            self.letters.append(parsed)
            server.transport.abort()
        if self.answer.startswith("250"):
            self.letters.append(parsed)
        return self.answer


def authenticate(
    server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
) -> AuthResult:
    good = isinstance(data, LoginPassword) and data.password == b"right"
    return AuthResult(success=good, handled=False)


def serve(inbox: Inbox, certificate: tuple[Path, Path], security: str) -> Controller:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    options: dict[str, Any] = {"authenticator": authenticate, "auth_require_tls": True}
    if security == "tls":
        options |= {"ssl_context": context, "auth_require_tls": False}
    elif security == "starttls":
        options |= {"tls_context": context, "require_starttls": True}
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        inbox.port = free.getsockname()[1]
    controller = Controller(inbox, hostname="127.0.0.1", port=inbox.port, **options)
    controller.start()
    return controller


@pytest.fixture(params=["starttls", "tls"])
def post(
    request: pytest.FixtureRequest, certificate: tuple[Path, Path]
) -> Iterator[tuple[Inbox, Email]]:
    inbox = Inbox()
    controller = serve(inbox, certificate, request.param)
    yield (
        inbox,
        Email(
            host="127.0.0.1",
            port=inbox.port,
            security=request.param,
            sender="job@example.org",
            recipients=["a@example.org", "b@example.org"],
            ca_file=certificate[0],
            timeout_seconds=5,
        ),
    )
    controller.stop()


def test_a_message_tells_the_news_and_nobody(night: Night) -> None:
    told = message(night, report=Path("reports/night.html"))
    assert told.subject == "海棠区 2024-06-16：2 个信号有新情况"
    assert "S-2024-0017" in told.text
    assert "reports/night.html" in told.text
    assert "S-2024-0012" not in told.text
    everything = told.text + json.dumps(dict(told.data), ensure_ascii=False)
    for signal in night.signals:
        for name in ("case_id", "person", "home_region", "hospital"):
            assert not any(str(value) in everything for value in signal.members[name].dropna())
    assert message(night, language="en").subject == "海棠区 2024-06-16: 2 with news"


def test_the_key_is_that_of_the_news(night: Night) -> None:
    key = message(night).key
    assert message(night, report=Path("elsewhere"), language="en").key == key
    assert message(replace(night, signals=night.signals[::-1])).key == key
    assert message(replace(night, signals=night.signals[1:])).key != key
    assert message(replace(night, as_of=datetime.date(2024, 6, 17))).key != key


def test_mail_arrives_over_tls(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    told = message(night)
    sender.send(told)
    (letter,) = inbox.letters
    assert letter["Subject"] == told.subject
    assert letter["Message-ID"] == f"<{told.key}@enteroscan.invalid>"
    assert letter["To"] == "a@example.org, b@example.org"
    assert letter.get_content().replace("\r\n", "\n") == told.text


def test_a_retry_says_that_it_is_one(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    told = message(night)
    sender.send(told)
    sender.send(told, is_retry=True)
    first, second = inbox.letters
    assert second["Message-ID"] == first["Message-ID"]
    assert second["Subject"] == f"【可能重复】{first['Subject']}"
    assert told.duplicate_line in second.get_content()
    assert told.duplicate_line not in first.get_content()


def test_signing_in(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    replace(sender, user="job", password="right").send(message(night))
    assert len(inbox.letters) == 1
    wrong = replace(sender, user="job", password="wrong-secret")
    with pytest.raises(DeliveryError) as caught:
        wrong.send(message(night))
    assert not caught.value.may_have_arrived
    assert "wrong-secret" not in f"{caught.value}{wrong!r}"
    assert len(inbox.letters) == 1


def test_a_certificate_that_is_not_trusted(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    with pytest.raises(DeliveryError, match="it did not arrive") as caught:
        replace(sender, ca_file=None).send(message(night))
    assert not caught.value.may_have_arrived
    assert inbox.letters == []


def test_a_server_that_refuses(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    inbox.answer = "451 busy"
    with pytest.raises(DeliveryError, match="451") as caught:
        sender.send(message(night))
    assert not caught.value.may_have_arrived


def test_a_server_that_hangs_up_after_the_letter(post: tuple[Inbox, Email], night: Night) -> None:
    inbox, sender = post
    inbox.answer = "hang up"
    with pytest.raises(DeliveryError, match="may have arrived") as caught:
        sender.send(message(night))
    assert caught.value.may_have_arrived
    assert len(inbox.letters) == 1


def test_nothing_is_sent_without_tls(certificate: tuple[Path, Path], night: Night) -> None:
    inbox = Inbox()
    controller = serve(inbox, certificate, "none")
    sender = Email(
        host="127.0.0.1", port=inbox.port, sender="a@example.org", recipients=["b@example.org"]
    )
    with pytest.raises(DeliveryError) as caught:
        sender.send(message(night))
    controller.stop()
    assert not caught.value.may_have_arrived
    assert inbox.letters == []


@pytest.mark.parametrize("text", nights.HOSTILE, ids=range(len(nights.HOSTILE)))
def test_hostile_texts_add_no_header(text: str, certificate: tuple[Path, Path]) -> None:
    inbox = Inbox()
    controller = serve(inbox, certificate, "tls")
    told = message(nights.hostile_night(text), report=Path(text))
    Email(
        host="127.0.0.1",
        port=inbox.port,
        security="tls",
        sender="job@example.org",
        recipients=["a@example.org"],
        ca_file=certificate[0],
    ).send(told)
    controller.stop()
    (letter,) = inbox.letters
    assert letter["Bcc"] is None
    assert set(letter) <= {
        "From", "To", "Subject", "Message-ID", "Date", "Auto-Submitted", "Content-Type",
        "Content-Transfer-Encoding", "MIME-Version", "X-Peer", "X-MailFrom", "X-RcptTo",
    }  # fmt: skip


@pytest.mark.parametrize(
    "wrong",
    [
        {"recipients": []},
        {"recipients": "a@example.org"},
        {"recipients": ["a@example.org\r\nBcc: all@example.org"]},
        {"sender": "nobody"},
        {"security": "none"},
    ],
)
def test_settings_of_mail_are_checked(wrong: dict[str, Any]) -> None:
    good: dict[str, Any] = {"host": "h", "sender": "a@b.c", "recipients": ["d@e.f"]}
    with pytest.raises(SpecError):
        Email(**(good | wrong))


@dataclass
class Hook:
    """What a web server got, and what it answers."""

    status: int = 200
    posts: list[tuple[dict[str, str], dict[str, Any]]] = field(default_factory=list)
    url: str = ""


@pytest.fixture
def hook() -> Iterator[Hook]:
    state = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.posts.append((dict(self.headers), json.loads(body)))
            if state.status == 0:
                self.connection.close()
                return
            self.send_response(state.status)
            self.send_header("Location", state.url + "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    state.url = f"http://127.0.0.1:{server.server_port}/token-123"
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield state
    server.shutdown()
    thread.join()
    server.server_close()


def test_webhook(hook: Hook, night: Night) -> None:
    told = message(night)
    sender = Webhook(url=hook.url, headers={"Authorization": "Bearer abc"}, timeout_seconds=5)
    sender.send(told)
    sender.send(told, is_retry=True)
    (first, one), (second, two) = hook.posts
    assert first["Idempotency-Key"] == second["Idempotency-Key"] == told.key == one["key"]
    assert first["Authorization"] == "Bearer abc"
    assert first["Content-Type"].startswith("application/json")
    assert one["may_be_duplicate"] is False
    assert two["may_be_duplicate"] is True
    assert two["subject"].startswith("【可能重复】")
    assert [signal["signal_id"] for signal in one["signals"]] == ["S-2024-0019", "S-2024-0017"]


@pytest.mark.parametrize(
    ("status", "may_have_arrived"),
    [(400, False), (404, False), (302, False), (500, True), (0, True)],
)
def test_webhooks_that_fail(hook: Hook, night: Night, status: int, may_have_arrived: bool) -> None:
    hook.status = status
    with pytest.raises(DeliveryError) as caught:
        Webhook(url=hook.url, timeout_seconds=5).send(message(night))
    assert caught.value.may_have_arrived is may_have_arrived
    assert "token-123" not in str(caught.value)
    assert len(hook.posts) == 1


def test_no_webhook_there(night: Night) -> None:
    sender = Webhook(url="http://127.0.0.1:9/token-123", headers={"X": "secret"})
    with pytest.raises(DeliveryError) as caught:
        sender.send(message(night))
    assert not caught.value.may_have_arrived
    assert "secret" not in repr(sender)
    assert "token-123" not in repr(sender)


@pytest.mark.parametrize("url", ["file:///etc/passwd", "ftp://a/b", "no address", "https://"])
def test_webhooks_are_web_addresses(url: str) -> None:
    with pytest.raises(SpecError, match="https://"):
        Webhook(url=url)


def test_headers_of_webhooks_are_checked() -> None:
    with pytest.raises(SpecError, match="headers"):
        Webhook(url="https://a.example", headers={"X": "1\r\nY: 2"})


def test_hostile_texts_reach_the_webhook_as_texts(hook: Hook) -> None:
    for text in nights.HOSTILE[::5]:
        Webhook(url=hook.url).send(message(nights.hostile_night(text)))
    assert len(hook.posts) == len(nights.HOSTILE[::5])


def test_a_message_is_a_value() -> None:
    told = Message(key="k", subject="s", text="t", data={}, duplicate="d", duplicate_line="l")
    assert replace(told) == told
