"""A slip in a campaign's words is refused where it is made, with the nearest right name; what is only odd is said."""

from __future__ import annotations

import pytest

from huitou.campaigns.keys import CampaignError
from huitou.campaigns.reading import default_campaign, read_campaign
from huitou.campaigns.template_checks import check_words, find_empties, find_mistakes, words_about_looking
from huitou.campaigns.template_names import table_of_names
from huitou.stores.ledger import transaction

from .test_docs import DOC


@pytest.mark.parametrize(
    ("template", "nearest"),
    [
        ("{{ produkt.name }}", "product.name"),
        ("{{ product.nmae }}", "product.name"),
        ("{{ products[0].nmae }}", "products[].name"),
        ("{{ products.first.pric }}", "products[].price"),
        ("{% for p in products %}{{ p.nmae }}{% endfor %}", "products[].name"),
        ("{% assign p = product %}{{ p.nmae }}", "product.name"),
        ("{% if custmer.name %}x{% endif %}", "customer.name"),
        ("{% case product.whyy %}{% when 'carted' %}{% endcase %}", "product.why"),
        ("{{ product.name | default: ofer.text }}", "offer.text"),
        ("{{ broadcast.titel }}", "broadcast.title"),
        ("{{ product['nmae'] }}", "product.name"),
        ("{{ lnk }}", "link"),
        ("{{ customer.name | upcas }}", "upcase"),
        ("{{ customer.name | defalt: 'x' }}", "default"),
        ("{% iff offer %}{% endif %}", "if"),
        ("{% asign x = 1 %}", "assign"),
    ],
)
def test_the_nearest_right_name_is_said(template: str, nearest: str) -> None:
    said = find_mistakes(template)[0].about
    assert f"did you mean {nearest}?" in said["en"]
    assert f"是不是想写 {nearest}？" in said["zh"]


@pytest.mark.parametrize(
    "template",
    [
        "{% for p in products %}{{ forloop.index }}{{ p.name }}{{ p.why }}{% endfor %}",
        "{% assign n = products | size %}{{ n }}{% capture t %}x{% endcapture %}{{ t }}",
        "{{ products.size }}{{ products.last.name }}{{ product.name.size }}{{ facts.carts }}",
        "{% assign best = products | where: 'why', 'carted' | first %}{{ best.whatever }}",
        "{% if offer %}{{ offer.text }} {{ offer.expires }}{% endif %}{{ subject }}{{ unsubscribe_url }}",
    ],
)
def test_what_exists_may_be_used(template: str) -> None:
    assert find_mistakes(template) == []


FILE = """
name = "tea"

[content.email.zh]
subject = "{{ product.name | default: '茶' }}"
body = '''
<p>你好，</p>
<p>{{ produkt.name }}</p>
'''
[content.email.zh.stages.value]
body = "{{ product.name | default: 'x' }}"
"""


def test_the_refusal_names_key_line_name_and_what_there_is() -> None:
    with pytest.raises(CampaignError) as refusal:
        read_campaign(FILE)
    assert refusal.value.key == "content.email.zh.body"
    assert refusal.value.complaint["en"].startswith(
        "line 8: there is no name produkt.name; did you mean product.name? There are: customer.name, broadcast.title,"
    )
    assert refusal.value.complaint["zh"].startswith(
        "第 8 行：没有变量 produkt.name。是不是想写 product.name？可用的有："
    )


WHERE = ("content.sms.en", "content.email.en.stages.value", "content.email.zh.stages.urgency", "content.email.zh")


@pytest.mark.parametrize("where", WHERE)
def test_every_channel_language_and_stage_is_checked(where: str) -> None:
    templates = {
        "content.email.en": "x",
        "content.email.en.stages.value": "x",
        "content.email.zh": "x",
        "content.email.zh.stages.urgency": "x",
        "content.sms.en": "x",
        where: "{{ product.nmae }}",
    }
    with pytest.raises(CampaignError) as refusal:
        read_campaign('name = "tea"\n' + "".join(f'[{key}]\nbody = "{body}"\n' for key, body in templates.items()))
    assert refusal.value.key == f"{where}.body"


@pytest.mark.usefixtures("ledger")
def test_a_version_saved_before_still_loads_and_warns() -> None:
    from huitou.campaigns.versions import load_campaign, save_version

    with transaction() as connection:
        saved = save_version(connection, FILE.replace("produkt", "product"))
        connection.execute("UPDATE campaign SET body = %s WHERE name = 'tea'", (FILE,))
        loaded = load_campaign(connection, saved.name)
    assert [key for key, text in check_words(loaded) if "no name produkt.name" in text["en"]] == [
        "content.email.zh.body"
    ]


def test_what_may_be_empty_is_told_unless_something_stands_by() -> None:
    assert find_empties("{{ customer.name }} {{ product.name | upcase }} {{ offer.text }} {{ unsubscribe }}") == [
        "customer.name",
        "product.name",
    ]
    assert find_empties("{{ customer.name | default: 'you' }}{% if product.name %}{{ product.name }}{% endif %}") == []
    assert find_empties("{% if offer %}{{ product.name }}{% else %}{{ link }}{% endif %}") == ["link", "product.name"]


@pytest.mark.parametrize(
    ("template", "looking"),
    [
        ("直播间里你看过的{{ product.name }}", True),
        ("你加购了的茶还在购物车里", True),
        ("the {{ product.name }} you looked at", True),
        ("Your cart misses you", True),
        ("{% if product.why == 'clicked' %}你看过的{% endif %}{{ product.name }}", False),
        ("{{ product.name }}，来看看？", False),
        ("{{ product.name }}: take a look", False),
    ],
)
def test_words_about_looking_are_noticed(template: str, looking: bool) -> None:
    assert words_about_looking(template) is looking


def test_the_shipped_words_are_beyond_reproach() -> None:
    assert check_words(default_campaign()) == []


def test_the_documentation_lists_every_name() -> None:
    assert table_of_names() in DOC.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "template",
    [
        "{% raw %}" * 2_900 + "x" * 170_000 + "%}",
        "{{ a" + "| append: s" * 15_000 + " }}",
        "{% if " + "(" * 50_000 + " %}",
        "{{" + " " * 150_000 + "}}",
        "{{" + "x" * 1_500,
        "x" * 250_000,
    ],
    ids=["unclosed raw", "filters", "brackets", "blanks", "no end", "length"],
)
def test_a_template_that_takes_minutes_to_parse_is_refused_at_once(template: str) -> None:
    assert len(find_mistakes(template)) == 1
    assert find_empties(template) == []
