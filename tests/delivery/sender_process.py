"""A sender in a process of its own, to be killed: `python sender_process.py SMTP_URL MOMENT`. Settings by environment."""

from __future__ import annotations

import sys

from huitou.delivery.channels.email import EmailChannel
from huitou.delivery.send import send_due
from huitou.kit.clock import frozen


def main() -> None:
    with frozen(int(sys.argv[2])):
        result = send_due(channels={"email": EmailChannel(sys.argv[1])})
    print(result.submitted)  # noqa: T201 - what the parent reads


if __name__ == "__main__":
    main()
