"""How many test mails a user may send, whichever page sends them."""

from __future__ import annotations

from django.http import HttpRequest

from huitou.admin.rates import TEST_MAILS
from huitou.kit import clock
from huitou.kit.errors import Refused


def count_test_mail(request: HttpRequest) -> None:
    """Count one more. Refused where there were enough: then none is counted, and none must be sent."""
    wait = TEST_MAILS.take(request.user.get_username())
    if wait:
        minutes = -(-wait // clock.MINUTE)
        raise Refused(
            {
                "zh": f"试发太频繁，请 {minutes} 分钟后再试。",
                "en": f"Enough test mails for now. Try again in {minutes} min.",
            }
        )
