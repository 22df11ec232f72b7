"""Every table of the ledger, gathered for Django: without this file `makemigrations` silently sees none."""

from huitou.admin.models import Account, Change, KnownPlace, RateUse, Setting, SignInTry
from huitou.campaigns.models import Campaign
from huitou.decisions.models import DrawnNode
from huitou.delivery.models import (
    Cancellation,
    ChannelOutage,
    DeadAddress,
    Link,
    Message,
    MessageBody,
    Receipt,
    ReceiptCursor,
    RecentOutcomes,
    SelfPause,
)
from huitou.events.models import (
    BroadcastAct,
    Consent,
    Contact,
    Customer,
    Identifier,
    JournalRow,
    KeyTally,
    Merge,
    Profile,
    QuarantineRow,
    Stop,
    WriteKey,
)
from huitou.flows.models import HeldStart, RefreshMark

__all__ = [
    "Account",
    "BroadcastAct",
    "Campaign",
    "Cancellation",
    "Change",
    "ChannelOutage",
    "Consent",
    "Contact",
    "Customer",
    "DeadAddress",
    "DrawnNode",
    "HeldStart",
    "Identifier",
    "JournalRow",
    "KeyTally",
    "KnownPlace",
    "Link",
    "Merge",
    "Message",
    "MessageBody",
    "Profile",
    "QuarantineRow",
    "RateUse",
    "Receipt",
    "ReceiptCursor",
    "RecentOutcomes",
    "RefreshMark",
    "SelfPause",
    "Setting",
    "SignInTry",
    "Stop",
    "WriteKey",
]
