"""What customers read: strict about what is missing, escaped, tracked, and good-looking in either language."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from huitou.delivery.brand import lighten, luminance, read_brand
from huitou.delivery.html_text import html_to_text
from huitou.delivery.layout import WORDS
from huitou.delivery.links import LinkRefused, LinkSet, link_token, track_html
from huitou.delivery.render import Rendered, compile_content, render
from huitou.delivery.templating import MissingVariable, TemplateRefused
from huitou.delivery.unsubscribe import read_token, token_for
from huitou.kit.errors import NotFound, Refused
from huitou.kit.settings import settings

from .shop import CONTEXT

MESSAGE = "m0123456789abcdef01234567"
PRODUCT = CONTEXT["product"]
OFFER = {"name": "ten", "text": {"zh": "9折", "en": "10% off"}, "expires_at": 1_763_726_400_000_000,
         "offer_price_minor": 17910}  # fmt: skip


def made(
    body: str, *, subject: str = "s", text: str = "", is_html: bool = True, hosts: tuple[str, ...] = (), **context: Any
) -> Rendered:
    content = compile_content(subject, body, text, is_html=is_html, hosts=hosts)
    return render(content, MESSAGE, {**CONTEXT, **context}, read_brand(env={}))


def tracked(n: int = 0) -> str:
    return f"{settings().public_url}/t/{link_token(MESSAGE, n)}"


@pytest.mark.usefixtures("data")
def test_a_missing_name_is_not_a_greeting_to_nobody() -> None:
    for customer in ({}, {"name": ""}, {"name": None}, None):
        with pytest.raises(MissingVariable) as refusal:
            made("Hello {{ customer.name }}", customer=customer)
        assert refusal.value.field == "body"
        assert "Hello there" in made("Hello {{ customer.name | default: 'there' }}", customer=customer).text


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "body",
    ["{{ nobody | upcase }}", "{{ nobody | date: '%Y' }}", "{{ nobody | plus: 1 }}", "{{ nobody.a.b }}",
     "{% echo nobody %}", "{{ products | where: 'id', 'x' | first }}"],
)  # fmt: skip
def test_nothing_missing_is_printed_by_any_way(body: str) -> None:
    with pytest.raises(MissingVariable):
        made(f"x {body}")


@pytest.mark.usefixtures("data")
def test_conditions_may_ask_for_what_is_not_there() -> None:
    assert made("a{% if nobody %}b{% endif %}{% if nobody.x == 'y' %}c{% endif %}", is_html=False).text == "a"


@pytest.mark.usefixtures("data")
def test_no_offer_is_false_and_prints_nothing() -> None:
    body = "[{{ offer.text }}]{% if offer %}yes{% endif %}"
    assert made(body, is_html=False).text == "[]"
    assert made(body, is_html=False, offer=OFFER).text == "[9折]yes"
    assert made(body, is_html=False, offer=OFFER, language="en").text == "[10% off]yes"


@pytest.mark.usefixtures("data")
def test_data_cannot_write_html_or_headers() -> None:
    rendered = made(
        "<p>{{ customer.name }}</p>",
        subject="for {{ customer.name }}",
        customer={"name": "<script>alert(1)</script>\r\nBcc: x@example.com"},
    )
    assert "<script>" not in rendered.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in rendered.html
    assert rendered.subject == "（广告）for <script>alert(1)</script> Bcc: x@example.com"


SPOKEN = [
    "https://evil.example", "恭喜中奖 https://evil.example/win", "http:evil", "HTTP://evil.example", "www.evil.example",
    "evil.example/win", "领奖evil.example/win", "evil.example?a=1", "evil.com", "请加evil.com领奖", "shop.evil.cn",
    "ｈｔｔｐｓ：／／evil.example", "ｅｖｉｌ．ｃｏｍ",
]  # fmt: skip


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("said", SPOKEN)
def test_a_name_that_holds_a_web_address_is_no_name(said: str) -> None:
    """Whoever has a write key can name a victim, and mail programs make a link of what looks like an address."""
    words = "{{ customer.name | default: '你好' }},{{ product.name | default: '那几样' }}在{{ broadcast.title | default: '直播间' }}"
    rendered = made(
        words, subject=words, customer={"name": said, "nickname": said}, product={**PRODUCT, "name": said},
        broadcast={"id": "b1", "title": said},
    )  # fmt: skip
    assert rendered.subject == "（广告）你好,那几样在直播间"
    assert rendered.text.startswith("你好,那几样在直播间\n")
    assert said not in rendered.html
    with pytest.raises(MissingVariable):
        made("{{ customer.nickname }}", customer={"name": said, "nickname": said})


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "name", ["小李", "Mr.Wang", "A.J. Cook", "O'Neill", "李/王", "3.5", "林.", "Anna-Maria", "an@example.com"]
)
def test_other_names_stay_as_they_are(name: str) -> None:
    assert (
        made("{{ customer.name }}", subject="{{ customer.name }}", customer={"name": name}).subject == f"（广告）{name}"
    )


@pytest.mark.usefixtures("data")
def test_a_data_value_that_looks_like_a_layout_mark_stays_itself() -> None:
    rendered = made("<p>{{ customer.name }}</p>", customer={"name": "slot7f3a2x slot7f3a0x"})
    assert rendered.html.count("slot7f3a2x slot7f3a0x") == 2  # in the body and in the inbox's preview


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "template",
    [
        "{% for i in (1..1000000000) %}x{% endfor %}",
        "{% for i in (1..4999) %}{% for j in (1..4999) %}x{% endfor %}{% endfor %}",
        "{% assign x = 'aaaaaaaaaa' %}{% for i in (1..60) %}{% assign x = x | append: x %}{% endfor %}",
        "{% assign x = 99 %}{% for i in (1..60) %}{% assign x = x | times: x %}{% endfor %}",
        "{% capture x %}{% for i in (1..4000) %}aaaaaaaaaaaaaaaaaaaa{% endfor %}{% endcapture %}{{ x | replace: 'a', x }}",
        "{% if a %}" * 40 + "{% endif %}" * 40,
        "{{ ''.__class__ }}",
        "{% include 'secret' %}",
        "{{ 7*7 }}",
        "{% unknown %}",
        "{{ x | no_such_filter }}",
        "x" * 200_001,
    ],
)
def test_hostile_templates_are_refused_soon(template: str) -> None:
    with pytest.raises((TemplateRefused, MissingVariable)):
        made(template)


@pytest.mark.usefixtures("data")
def test_every_anchor_is_tracked_and_only_to_named_hosts() -> None:
    rendered = made(
        "<a href='https://shop.example.com/p/1'>one</a><a class=x href=\"https://help.example.com/a?b=1&amp;c=2\">two</a>"
        "<a href='https://shop.example.com/p/1'>again</a><a href='mailto:hi@example.com'>mail</a><a href='#top'>up</a>"
    )
    assert [(link.token, link.target, link.product) for link in rendered.links] == [
        (link_token(MESSAGE, 0), "https://shop.example.com/p/1", "p1"),
        (link_token(MESSAGE, 1), "https://help.example.com/a?b=1&c=2", ""),
    ]
    assert "shop.example.com" not in rendered.html
    assert "help.example.com" not in rendered.html
    assert tracked(0) in rendered.text
    assert tracked(1) in rendered.text
    assert "mailto:hi@example.com" in rendered.html
    assert len(link_token(MESSAGE, 0)) == 22  # 128 bits
    assert link_token(MESSAGE, 0) != link_token(MESSAGE, 1) != link_token("other", 1)


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    "target",
    [
        "javascript:alert(1)", "JaVaScRiPt:alert(1)", " javascript:alert(1)", "data:text/html,x", "//evil.example/x",
        "https://shop.example.com@evil.example/", "https:\\\\evil.example", "https://evil.example/",
        "/relative", "ftp://shop.example.com/", "https://shop.example.com.evil.example/", "http://", "vbscript:x",
        "https://shop.example.com\t.evil.example/", "java\tscript:alert(1)",
    ],
)  # fmt: skip
def test_links_that_are_refused(target: str) -> None:
    with pytest.raises(LinkRefused):
        made('<a href="{{ campaign.site }}">x</a>', campaign={"site": target})


@pytest.mark.usefixtures("data")
def test_where_the_campaign_lists_hosts_no_product_leads_elsewhere() -> None:
    elsewhere = {**PRODUCT, "url": "https://evil.example/login"}
    words = "<p>{{ product.name }}</p><a href='https://help.example.com/'>?</a>"

    assert [link.target for link in made(words, product=elsewhere).links] == [
        "https://evil.example/login", "https://help.example.com/",
    ]  # fmt: skip
    led = made(words, product=elsewhere, hosts=("shop.example.com",))
    assert [link.target for link in led.links] == ["https://help.example.com/"]
    assert "evil.example" not in led.html + led.text
    assert [link.target for link in made(words, hosts=("shop.example.com",)).links] == [
        "https://shop.example.com/p/1", "https://help.example.com/",
    ]  # fmt: skip


NOT_OF_THE_WEB = [
    "/pages/goods/detail?id=P1", "pages/goods/detail?id=P1", "weixin://dl/business/?t=abc", "shop.example.com/p/1",
    "//shop.example.com/p/1", "javascript:alert(1)", "https://shop.example.com@evil.example/", "https://shop .example.com/",
    "https://shop.example.com\t.evil.example/", "https:\\\\evil.example", "http://", "-",
]  # fmt: skip


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("url", NOT_OF_THE_WEB)
def test_a_product_without_a_web_address_is_written_about_without_a_link(url: str) -> None:
    rendered = made("<p>{{ product.name }}{% if link %}有链接{% endif %}</p>", product={**PRODUCT, "url": url})
    assert rendered.links == ()
    assert "龙井 250g" in rendered.html
    assert "有链接" not in rendered.html
    assert f'"{url}"' not in rendered.html
    for printed in ("{{ link }}", "{{ product.url }}", "<a href='{{ product.url }}'>x</a>"):
        with pytest.raises(MissingVariable):
            made(printed, product={**PRODUCT, "url": url})


@pytest.mark.usefixtures("data")
def test_blanks_in_an_address_are_escaped() -> None:
    rendered = made(
        "{{ link }}", is_html=False, product={**PRODUCT, "url": " https://shop.example.com/龙井 250g?a=b c "}
    )
    assert [(link.target, link.product) for link in rendered.links] == [
        ("https://shop.example.com/龙井%20250g?a=b%20c", "p1")
    ]
    assert rendered.text == tracked()


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("printed", ["{{ link }}", "{{ product.url }}", "{{ products[0].url }}"])
@pytest.mark.parametrize("is_html", [True, False])
def test_words_that_print_an_address_outside_the_listed_hosts_are_not_sent(printed: str, is_html: bool) -> None:
    with pytest.raises(MissingVariable):
        made(printed, is_html=is_html, product={**PRODUCT, "url": "https://evil.example/"}, hosts=("a.example",))


@pytest.mark.usefixtures("data")
def test_pictures_come_from_the_web_only() -> None:
    with pytest.raises(LinkRefused):
        made('<img src="data:image/svg+xml,x">')
    for said in ("javascript:alert(1)", "data:image/svg+xml,x", 7, "//evil.example/x.png"):
        assert "<img" not in made("x", product={**PRODUCT, "picture": said}).html


HOSTILE = [
    "x src=x", " background=x", " src='javascript:alert(1)' ", '" src=data:,x "', "<img src=x>", "<a href=x", "</td><script>",
    "{{ customer.name }}", "{% raw %}", "&lt;img src=x&gt;", "a\r\nBcc: x@evil.example", "\0\x1b[31m", "<!-- ", "]]>", "x" * 5_000,
    "\u202e\u2066", "src", "=", "' onload=alert(1) x='",
]  # fmt: skip


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("said", HOSTILE)
@pytest.mark.parametrize(
    "body", ["<p>{{ product.name }} {{ broadcast.title }}</p>", "<mjml><mj-body><mj-section><mj-column><mj-text>"
             "{{ product.name }} {{ broadcast.title }}</mj-text></mj-column></mj-section></mj-body></mjml>"],
)  # fmt: skip
def test_a_hostile_name_or_title_is_a_text_like_any_other_and_the_mail_goes_out(body: str, said: str) -> None:
    plain = made(body, product={**PRODUCT, "name": "tea"}, broadcast={"title": "evening"})
    hostile = made(body, product={**PRODUCT, "name": said}, broadcast={"title": said})
    assert tags_of(hostile.html) == tags_of(plain.html)
    assert [link.target for link in hostile.links] == [link.target for link in plain.links]


def tags_of(page: str) -> list[tuple[str, tuple[str, ...]]]:
    """Every tag with the names of its attributes, as a browser sees them."""
    found: list[tuple[str, tuple[str, ...]]] = []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            found.append((tag, tuple(name for name, _ in attrs)))

    Reader().feed(page)
    return found


@pytest.mark.usefixtures("data")
def test_the_layout_carries_product_offer_and_a_way_out(data: Path) -> None:
    from dataclasses import replace

    from huitou.kit.settings import use_settings

    use_settings(replace(settings(), mail_from="回头茶铺 <hello@example.com>"))
    env = {"HUITOU_BRAND_ADDRESS": "杭州市龙井路 1 号", "HUITOU_BRAND_COLOUR": "#114455"}
    content = compile_content("看看 {{ product.name }}", "<p>{{ customer.name }},还在。</p>")
    context = {**CONTEXT, "offer": OFFER, "product": {**PRODUCT, "picture": "https://shop.example.com/1.jpg"}}
    rendered = render(content, MESSAGE, context, read_brand(env=env))
    for words in (
        "小李,还在。", "龙井 250g", "¥179.10", "¥199.00", "9折", "2025-11-21 20:00", "https://shop.example.com/1.jpg",
        "回头茶铺 · 杭州市龙井路 1 号", "#114455", "prefers-color-scheme: dark", "width=device-width",
        f"/u/{token_for(MESSAGE)}", WORDS["zh"]["unsubscribe"],
    ):  # fmt: skip
        assert words in rendered.html, words
    assert rendered.text == (
        "小李,还在。\n\n龙井 250g  ¥179.10\n9折 · 有效期至 2025-11-21 20:00\n\n"
        f"去看看：{tracked()}\n\n-- \n你收到这封邮件，是因为你来过我们的直播间，并同意接收优惠信息。\n"
        f"回头茶铺 · 杭州市龙井路 1 号\n不想再收到？点此退订：{settings().public_url}/u/{token_for(MESSAGE)}\n"
    )
    assert len(rendered.html) < 102_000  # Gmail clips what is longer


@pytest.mark.usefixtures("data")
def test_english_speaks_english() -> None:
    rendered = made("<p>Hi</p>", language="en")
    assert "Take a look" in rendered.html
    assert "Unsubscribe" in rendered.text
    assert "退订" not in rendered.html


@pytest.mark.usefixtures("data")
def test_a_mark_before_the_subject_where_the_campaign_asks_for_it() -> None:
    brand = read_brand(env={})
    marked = type(brand)(**{**vars(brand), "marks": {"zh": "(广告)"}})
    assert render(compile_content("茶", "x"), MESSAGE, CONTEXT, marked).subject == "(广告)茶"
    assert render(compile_content("(广告)茶", "x"), MESSAGE, CONTEXT, marked).subject == "(广告)茶"
    assert render(compile_content("tea", "x"), MESSAGE, {**CONTEXT, "language": "en"}, marked).subject == "tea"


@pytest.mark.usefixtures("data")
def test_mjml_is_made_into_html() -> None:
    body = "<mjml><mj-body><mj-section><mj-column><mj-text>{{ customer.name }} & co</mj-text><mj-button href='{{ link }}'>go</mj-button></mj-column></mj-section></mj-body></mjml>"
    rendered = made(body.replace("& co", "&amp; co"))
    assert "<!doctype html>" in rendered.html.lower()
    assert f'href="{tracked()}"' in rendered.html
    assert rendered.text == f"小李 & co\n\ngo ( {tracked()} )"
    with pytest.raises(TemplateRefused):
        made("<mjml><mj-body><mj-text></mj-body></mjml>")


@pytest.mark.usefixtures("data")
def test_a_text_part_of_ones_own() -> None:
    rendered = made("<p>x</p>", text="Look: {{ product.url }}\n{{ unsubscribe }}")
    assert rendered.text == f"Look: {tracked()}\n{settings().public_url}/u/{token_for(MESSAGE)}\n"


@pytest.mark.usefixtures("data")
def test_text_channels_get_text_with_tracked_links() -> None:
    rendered = made("{{ product.name }}还有货 {{ link }} 拒收请回复R", subject="", is_html=False)
    assert (rendered.subject, rendered.html) == ("", "")
    assert rendered.text == f"龙井 250g还有货 {tracked()} 拒收请回复R"


@pytest.mark.usefixtures("data")
def test_the_shipped_campaigns_words_render_for_everyone(shared: Path) -> None:
    from huitou.campaigns.content import choose_words
    from huitou.campaigns.reading import default_campaign, read_campaign

    example = read_campaign((shared / "examples" / "follow-up.toml").read_text(encoding="utf-8"))
    seen = 0
    for campaign in (default_campaign(), example):
        for channel, languages in campaign.content.items():
            for language in languages:
                for stage in ("urgency", "value"):
                    words = choose_words(campaign, channel, language, stage)
                    content = compile_content(
                        words.subject or "", words.body, words.text or "", is_html=channel == "email"
                    )
                    for context in (
                        {**CONTEXT, "language": language, "customer": {}, "offer": None},
                        {**CONTEXT, "language": language, "offer": OFFER},
                    ):
                        rendered = render(content, MESSAGE, context, read_brand(campaign.sender, env={}))
                        assert (tracked() in rendered.text) == ("link" in words.body or channel == "email")
                        seen += 1
    assert seen >= 16


def test_html_becomes_readable_text() -> None:
    page = """<html><head><title>t</title><style>p{}</style></head><body><!--[if mso]><p>outlook</p><![endif]-->
    <h1>Tea</h1><p>One&nbsp;&amp; two<br>three</p><ul><li>a</li><li>b</li></ul><img alt="cup" src="x">
    <a href="https://a.example/">https://a.example/</a> <a href="https://b.example/">b</a></body></html>"""
    assert html_to_text(page) == (
        "Tea\n\nOne & two\nthree\n\n- a\n- b\n\ncup\nhttps://a.example/ b ( https://b.example/ )"
    ).replace("cup\n", "cup ")


def test_unsubscribe_tokens_are_signed(data: Path) -> None:
    token = token_for(MESSAGE)
    assert read_token(token) == MESSAGE
    for forged in (
        "",
        MESSAGE,
        token[:-1],
        token[:-1] + ("A" if token[-1] != "A" else "B"),
        f"m2.{token.split('.')[1]}",
        "é.ü",
    ):
        with pytest.raises(NotFound):
            read_token(forged)


def test_a_colour_must_be_one() -> None:
    with pytest.raises(Refused):
        read_brand(env={"HUITOU_BRAND_COLOUR": "red;}"})
    assert read_brand(env={"HUITOU_BRAND_COLOUR": "#ffee88"}).on_colour == "#1f2328"
    assert read_brand(env={"HUITOU_BRAND_COLOUR": "#114455"}).on_colour == "#ffffff"


def test_a_brands_colour_can_be_read_on_a_dark_ground() -> None:
    card = luminance("#1b1f23")
    for colour in ("#000000", "#c8102e", "#114455", "#00ff00", "#ffffff"):
        assert (luminance(lighten(colour)) + 0.05) / (card + 0.05) >= 4.5


@pytest.mark.timeout(10)
@pytest.mark.parametrize("torn", ["<a" * 50_000, "<" + "a" * 100_000, "<a " * 30_000, '<a "' * 30_000])
def test_what_is_never_closed_costs_one_look(torn: str) -> None:
    assert html_to_text(f"<p>茶</p>{torn}") == f"茶\n\n{torn.strip()}"


@pytest.mark.usefixtures("data")
@pytest.mark.parametrize(
    ("tag", "read"),
    [
        ("""<a title='a>b' href=https://shop.example.com/p/1 >""", "<a title='a>b' href=\"{}\" >"),
        ("""<a don't HREF = "https://shop.example.com/p/1"/>""", """<a don't HREF ="{}"/>"""),
        ("""<v:roundrect href='https://shop.example.com/p/1'>""", """<v:roundrect href="{}">"""),
        ("""<a title="<a href=x>" href=>""", """<a title="<a href=x>" href=>"""),
        ("""<abbr href=x>""", """<abbr href=x>"""),
    ],
)
def test_links_are_found_as_browsers_read_tags(tag: str, read: str) -> None:
    links = LinkSet(MESSAGE, frozenset({"shop.example.com"}))
    assert track_html(tag, links) == read.format(tracked())


@pytest.mark.timeout(10)
@pytest.mark.usefixtures("data")
@pytest.mark.parametrize("torn", ["<a " * 30_000, '<a x="' * 30_000, "<a x=" + " " * 90_000, '<a href=">'])
def test_a_tag_that_is_never_closed_is_named_at_once(torn: str) -> None:
    with pytest.raises(LinkRefused, match="a tag is never closed: <a"):
        track_html(f"<p>茶</p>{torn}", LinkSet(MESSAGE, frozenset()))
