"""Tells people what is new: by e-mail and by webhook, without data of persons.

The caller keeps the outbox: it writes down that a message is about to be sent, sends it, and writes
down that it was sent. A message that was begun and not written down as sent is sent again with
``is_retry=True``; it says of itself that it may be a duplicate, and bears the same `Message.key`.
"""

from enteroscan.nightly.notify._email import Email
from enteroscan.nightly.notify._message import Message, message
from enteroscan.nightly.notify._webhook import Webhook

__all__ = ["Email", "Message", "Webhook", "message"]
