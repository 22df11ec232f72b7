"""Every table of the ledger, gathered for Django: without this file `makemigrations` silently sees none."""

from huitou.campaigns.models import Campaign
from huitou.delivery.models import Link, Message, MessageBody, Receipt
from huitou.events.models import (
    Consent,
    Customer,
    Identifier,
    JournalRow,
    Merge,
    Profile,
    QuarantineRow,
    Stop,
    WriteKey,
)

__all__ = [
    "Campaign",
    "Consent",
    "Customer",
    "Identifier",
    "JournalRow",
    "Link",
    "Merge",
    "Message",
    "MessageBody",
    "Profile",
    "QuarantineRow",
    "Receipt",
    "Stop",
    "WriteKey",
]
