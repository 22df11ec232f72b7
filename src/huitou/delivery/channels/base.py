"""What a channel must offer. One folder per channel; copy `email/` to make the next.

The sender holds some sessions of a channel open, each carrying one message at a time:

1. `prepare` does everything that can be refused without anything having been sent (connect, check the address).
2. The guard makes the message final; its commit is on disk.
3. `submit` hands it over: exactly one try. It returns what the provider calls the message, or raises Undelivered
   (certainly not accepted) or InDoubt (nobody can say). Never try again inside.
4. `release` instead of `submit`, where the guard said no.

`idempotency` says what the provider does with the same message twice: 'none' forgets, 'window' refuses it for
a while, 'lookup' can be asked. The core decides from it what an unresolved message becomes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from huitou.delivery.brand import Brand
from huitou.delivery.render import Rendered
from huitou.kit.errors import HuitouError, Unavailable
from huitou.kit.text import Text

Idempotency = Literal["none", "window", "lookup"]
Scope = Literal["recipient", "message", "channel"]


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message as a channel gets it: where to, what, and the names it is known by."""

    message: str
    address: str
    campaign: str
    occurrence: str
    rendered: Rendered
    unsubscribe_url: str
    brand: Brand
    sent_at: int


class Undelivered(HuitouError):
    """Certainly not accepted, so it may be tried again where `permanent` is False.

    `scope` says what is at fault: this recipient, this message, or the channel itself (then others wait too).
    `status` is the channel's own code, e.g. '5.1.1'; `dead` means that the address does not exist.
    """

    code = "undelivered"

    def __init__(
        self, message: Text, *, status: str, permanent: bool, scope: Scope = "recipient", dead: bool = False
    ) -> None:
        super().__init__(message, permanent=permanent)
        self.status = status
        self.scope = scope
        self.dead = dead


class InDoubt(HuitouError):
    """The channel may or may not have accepted it: the connection was lost after it was handed over."""

    code = "in_doubt"


class ChannelDown(Unavailable):
    """The channel cannot be reached at all; nothing was handed over."""

    code = "channel_down"


class Session(Protocol):
    """One line to the provider, for one message at a time."""

    async def prepare(self, mail: Outgoing) -> None:
        """Raises Undelivered or ChannelDown; nothing has been sent either way."""
        ...

    async def submit(self, mail: Outgoing) -> str:
        """Hand it over, once. Returns the provider's name for it, '' where there is none."""
        ...

    async def release(self) -> None:
        """Forget the prepared message."""
        ...

    async def close(self) -> None: ...


class ChannelAdapter(Protocol):
    """A way to reach people: `address` is the kind of identifier it writes to (events.model.STRONG)."""

    name: str
    address: str
    idempotency: Idempotency
    sessions: int  # how many to hold open
    per_second: float | None  # the provider's rate; None: as fast as it takes them

    def open_session(self) -> Session: ...

    async def look_up(self, messages: Sequence[str]) -> dict[str, bool]:
        """Of messages in doubt: True where the provider has it, False where it provably does not; others left out."""
        ...
