"""Every table of the ledger, gathered for Django: without this file `makemigrations` silently sees none."""

from huitou.campaigns.models import Campaign
from huitou.decisions.models import DrawnNode
from huitou.delivery.models import DeadAddress, Link, Message, MessageBody, Receipt, ReceiptCursor
from huitou.events.models import (
    BroadcastAct,
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
from huitou.flows.models import RefreshMark

__all__ = [
    "BroadcastAct",
    "Campaign",
    "Consent",
    "Customer",
    "DeadAddress",
    "DrawnNode",
    "Identifier",
    "JournalRow",
    "Link",
    "Merge",
    "Message",
    "MessageBody",
    "Profile",
    "QuarantineRow",
    "Receipt",
    "ReceiptCursor",
    "RefreshMark",
    "Stop",
    "WriteKey",
]
