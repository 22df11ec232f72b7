"""The e-mail channel."""

from huitou.delivery.channels.email.channel import EmailChannel

__all__ = ["EmailChannel"]
