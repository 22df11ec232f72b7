"""Every word of the console is said in Chinese too, and what is compiled is what was written."""

from __future__ import annotations

import re

import polib

from . import translations

PLACEHOLDER = re.compile(r"%\(\w+\)0?\d?[sd]|\{\w+\}")


def test_catalogue_holds_the_sources_messages_and_no_others() -> None:
    written = {(entry.msgid, entry.msgid_plural, entry.msgctxt) for entry in polib.pofile(str(translations.PO))}
    assert written == {(one.id, one.plural, one.context) for one in translations.in_sources()}


def test_nothing_is_untranslated_fuzzy_or_obsolete() -> None:
    po = polib.pofile(str(translations.PO))
    assert [entry.msgid for entry in po.untranslated_entries()] == []
    assert [entry.msgid for entry in po.fuzzy_entries()] == []
    assert [entry.msgid for entry in po.obsolete_entries()] == []


def test_compiled_catalogue_is_the_written_one() -> None:
    assert translations.MO.read_bytes() == polib.pofile(str(translations.PO)).to_binary()


def test_translations_keep_the_placeholders() -> None:
    for entry in polib.pofile(str(translations.PO)):
        told = entry.msgstr or entry.msgstr_plural[0]
        assert sorted(PLACEHOLDER.findall(told)) == sorted(PLACEHOLDER.findall(entry.msgid_plural or entry.msgid)), (
            entry.msgid
        )


def test_buyers_are_customers_not_users() -> None:
    assert [e.msgid for e in polib.pofile(str(translations.PO)) if "用户" in e.msgstr and "编号" not in e.msgstr] == []


def test_extraction_finds_every_form_of_a_message() -> None:
    template = """{% translate "One" as one %}{% blocktranslate count n=3 with x=1 %}{{ n }} of {{ x }}{% plural %}all {{ n }}{% endblocktranslate %}"""
    assert list(translations.in_template(template)) == [
        translations.Message("One", "", None),
        translations.Message("%(n)s of %(x)s", "all %(n)s", None),
    ]
    code = 'a = _("A")\nb = ngettext("B", "Bs", 2)\nc = pgettext("price", "C")'
    assert list(translations.in_code(code)) == [
        translations.Message("A", "", None),
        translations.Message("B", "Bs", None),
        translations.Message("C", "", "price"),
    ]
