"""DKIM (RFC 6376). Gmail and Yahoo ask that the signature cover both List-Unsubscribe headers (RFC 8058 § 4).

HUITOU_DKIM_KEY        the file of the private key (PEM; RSA 2048)
HUITOU_DKIM_SELECTOR   its selector, default 'huitou'
HUITOU_DKIM_DOMAIN     default: the domain of HUITOU_MAIL_FROM

A relay that signs (Postfix with a milter) is faster: one RSA-2048 signature takes this process 3 to 5 ms, which alone limits it to some 250 mails a second.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from huitou.kit.errors import Refused

SIGNED = (
    b"from", b"to", b"reply-to", b"subject", b"date", b"message-id", b"list-unsubscribe", b"list-unsubscribe-post",
    b"feedback-id", b"mime-version", b"content-type",
)  # fmt: skip


@dataclass(frozen=True)
class Signer:
    key: bytes
    selector: bytes
    domain: bytes

    def sign(self, mail: bytes) -> bytes:
        """The mail with its DKIM-Signature in front."""
        import dkim

        present = [name for name in SIGNED if b"\n" + name + b":" in b"\n" + mail.partition(b"\r\n\r\n")[0].lower()]
        signature: bytes = dkim.sign(
            mail,
            self.selector,
            self.domain,
            self.key,
            canonicalize=(b"relaxed", b"simple"),
            include_headers=present,
        )
        return signature + mail


def read_signer(domain: str, env: Mapping[str, str] | None = None) -> Signer | None:
    """The signer that the environment names; None without a key. Refused where the key cannot be read."""
    env = os.environ if env is None else env
    path = env.get("HUITOU_DKIM_KEY")
    if not path:
        return None
    try:
        key = Path(path).read_bytes()
    except OSError as error:
        raise Refused(
            {
                "zh": f"读不了 DKIM 私钥 {path}：{error.strerror}",
                "en": f"cannot read the DKIM key {path}: {error.strerror}",
            }
        ) from error
    signer = Signer(
        key, (env.get("HUITOU_DKIM_SELECTOR") or "huitou").encode(), (env.get("HUITOU_DKIM_DOMAIN") or domain).encode()
    )
    try:
        signer.sign(b"From: a@example.com\r\n\r\nx\r\n")
    except Exception as error:  # dkimpy raises its own and plain ones
        raise Refused({"zh": f"DKIM 私钥不能用：{error}", "en": f"the DKIM key is unusable: {error}"}) from error
    return signer
