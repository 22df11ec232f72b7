"""What the operator should know before anything is queued: products whose messages can lead nowhere."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from huitou.campaigns.definition import Campaign
from huitou.delivery.links import allow_hosts, hosts_in, web_address


def count_unlinked(decisions: pa.Table, campaign: Campaign) -> int:
    """How many of the products that these decisions' messages name have no address that customers may be led to."""
    hosts = allow_hosts([*campaign.link_hosts, *hosts_in(_all_words(campaign))]) if campaign.link_hosts else None
    sends = decisions.filter(pc.equal(decisions.column("action"), "send")).combine_chunks()
    named = sends.column("products").combine_chunks()
    _, places = np.unique(pc.list_flatten(named).dictionary_encode().indices.to_numpy(), return_index=True)
    rows = pc.unique(pc.list_parent_indices(named).take(pa.array(places)))  # one in which each product is named
    contexts = [json.loads(context) for context in sends.column("context").take(rows).to_pylist()]
    urls = {product["id"]: product.get("url") for context in contexts for product in context.get("products", ())}
    return sum(web_address(url, hosts) is None for url in urls.values())


def _all_words(campaign: Campaign) -> str:
    contents = [content for languages in campaign.content.values() for content in languages.values()]
    words = [words for content in contents for words in (content.words, *content.stages.values())]
    return "\n".join(part for one in words for part in (one.subject, one.body, one.text) if part)
