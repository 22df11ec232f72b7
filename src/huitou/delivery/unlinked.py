"""What the operator should know before anything is queued: products whose messages can lead nowhere."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.delivery.links import allow_hosts, hosts_in, web_address


def count_unlinked(decisions: pa.Table, campaign: Campaign, products: pa.Table) -> int:
    """How many of the products that these decisions' messages name have no address that customers may be led to.

    `products` has `product` and `url`.
    """
    hosts = allow_hosts([*campaign.link_hosts, *hosts_in(_all_words(campaign))]) if campaign.link_hosts else None
    sends = decisions.filter(pc.equal(decisions.column("action"), "send"))
    named = pc.unique(pc.list_flatten(sends.column("products"))).to_pylist()
    urls = dict(zip(*(products.column(name).to_pylist() for name in ("product", "url")), strict=True))
    return sum(web_address(urls.get(product), hosts) is None for product in named)


def _all_words(campaign: Campaign) -> str:
    contents = [content for languages in campaign.content.values() for content in languages.values()]
    words = [words for content in contents for words in (content.words, *content.stages.values())]
    return "\n".join(part for one in words for part in (one.subject, one.body, one.text) if part)
