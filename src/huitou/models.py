"""Every table of the ledger, gathered for Django: without this file `makemigrations` silently sees none."""

from huitou.admin.models import Account, Change, KnownPlace, Setting, SignInTry
from huitou.campaigns.models import Campaign
from huitou.decisions.models import DrawnNode
from huitou.delivery.models import DeadAddress, Link, Message, MessageBody, Receipt, ReceiptCursor
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
from huitou.flows.models import RefreshMark

__all__ = [
    "Account",
    "Campaign",
    "Change",
    "Consent",
    "Customer",
    "DeadAddress",
    "DrawnNode",
    "Identifier",
    "JournalRow",
    "KnownPlace",
    "Link",
    "Merge",
    "Message",
    "MessageBody",
    "Profile",
    "QuarantineRow",
    "Receipt",
    "ReceiptCursor",
    "RefreshMark",
    "Setting",
    "SignInTry",
    "Stop",
    "WriteKey",
]
