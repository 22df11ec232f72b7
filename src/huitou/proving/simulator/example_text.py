"""The example's own words: its campaign file and its README."""

from __future__ import annotations

CAMPAIGN = '''# The follow-up of the example: e-mail first, as often as the operators' table says, coupons under a budget.
# 示例未下单召回：以邮件为主，次数按意向分档，优惠有预算。键的含义见 docs；可以改，改完再跑 huitou plan。
name = "winter-tea-follow-up"
kind = "follow_up"
goal = "order"
window_hours = 168
holdout = 0.20                  # left alone on purpose: one broadcast this size needs a fifth to see an effect
explore = 0.10
policy = "auto"
margin = 0.30                   # products.csv says it more exactly
opt_out_cost_minor = 1000
currency = "CNY"
timezone = "Asia/Shanghai"

[budget]
offers_minor = 1000000          # 10,000 yuan of coupons at most
messages_minor = 100000

[caps]
per_days = [[1, 1], [7, 3]]     # at most 1 in 1 day, 3 in 7

[quiet]
from = "22:00"
to = "08:00"

[[timing]]
name = "at_once"
hours = [0.5]
[[timing]]
name = "next_day"
hours = [24]
[[timing]]
name = "active_hour"
active = 1
[[timing]]
name = "daily_3"
hours = [24, 48, 72]
[[timing]]
name = "every_other_day"
hours = [24, 72]
[[timing]]
name = "every_3_days"
hours = [48, 120]

[[channel]]
name = "email"
cost_minor = 0.1

[[offer]]
name = "none"
[[offer]]
name = "ten"
kind = "discount"
rate = 0.10
expires_hours = 72
stock = 2000

[content.email.zh]
subject = """
{%- if product.name -%}
{{ broadcast.title | default: '直播间' }}里
{%- case product.why -%}
{%- when 'carted' -%}你加进购物车的
{%- when 'clicked' -%}你看过的
{%- when 'watched' -%}讲过的
{%- when 'best_seller' -%}大家买得最多的
{%- else -%}的
{%- endcase -%}
{{ product.name }}{% if product.in_stock %}，还有货{% endif %}
{%- else -%}谢谢你来{{ broadcast.title | default: '直播间' }}
{%- endif -%}"""
body = """
<p>{{ customer.name | default: '你好' }}：</p>
<p>谢谢你来{{ broadcast.title | default: '直播间' }}。
{%- if product.name -%}
{%- case product.why -%}
{%- when 'carted' -%}你加进购物车的
{%- when 'clicked' -%}你看过的
{%- when 'watched' -%}那晚讲过的
{%- when 'best_seller' -%}那晚大家买得最多的
{%- endcase -%}
<strong>{{ product.name }}</strong>{% if product.in_stock %}还有货{% else %}放在下面了，方便你看看{% endif %}{% if offer %}，这次给你{{ offer.text }}{% endif %}。
{%- else -%}那晚的茶，有兴趣可以来看看{% if offer %}，这次给你{{ offer.text }}{% endif %}。
{%- endif -%}</p>
<p>想再想想也没关系{% if sender.reply_to %}，有问题直接回这封信{% endif %}。</p>
"""
[content.email.zh.stages.value]
subject = "{{ product.name | default: '冬天的茶' }}，慢慢选"
body = """
<p>{{ customer.name | default: '你好' }}：</p>
<p>{% if product.name %}<strong>{{ product.name }}</strong>合不合口味，不用急着定。{% else %}喝什么茶，不用急着定。{% endif %}{% if link %}想了解细节，可以到商品页看看。{% endif %}{% if offer %}要是合适，可以用{{ offer.text }}。{% endif %}</p>
<p>不急，喝完手上的再说。</p>
"""
[content.email.en]
subject = """
{%- if product.name -%}
{{ product.name }}
{%- case product.why -%}
{%- when 'carted' %}, which you put into your cart
{%- when 'clicked' %}, which you looked at
{%- when 'watched' %}, as shown live
{%- when 'best_seller' %}, the best-seller of the evening
{%- endcase -%}
{%- if product.in_stock %}: still available{% endif -%}
{%- else -%}Thanks for joining {{ broadcast.title | default: 'our live show' }}
{%- endif -%}"""
body = """
<p>Hi {{ customer.name | default: 'there' }},</p>
<p>Thanks for joining {{ broadcast.title | default: 'our live show' }}.
{%- if product.name %}
{% case product.why -%}
{%- when 'carted' -%}You put <strong>{{ product.name }}</strong> into your cart
{%- when 'clicked' -%}You looked at <strong>{{ product.name }}</strong>
{%- when 'watched' -%}We poured <strong>{{ product.name }}</strong> while you were there
{%- when 'best_seller' -%}More people bought <strong>{{ product.name }}</strong> than anything else that evening
{%- else -%}Here is <strong>{{ product.name }}</strong>
{%- endcase -%}
{%- if product.in_stock %}; it is still available{% endif %}.
{%- else %} If one of the teas interests you, come and have a look.
{%- endif -%}
{%- if offer %} For you: {{ offer.text }}.{% endif -%}</p>
<p>No hurry.{% if sender.reply_to %} If you have a question, just reply.{% endif %}</p>
"""
[content.email.en.stages.value]
subject = "{{ product.name | default: 'A winter tea' }}, whenever you like"
body = """
<p>Hi {{ customer.name | default: 'there' }},</p>
<p>{% if product.name %}Whether <strong>{{ product.name }}</strong> is your tea is for you to say.{% else %}Which tea is yours is for you to say.{% endif %}{% if link %} The details are on its page.{% endif %}{% if offer %} If it suits you, there is {{ offer.text }}.{% endif %}</p>
<p>Finish what is in your tin first.</p>
"""
'''

FILES = (
    ("products.csv", "8 products", "商品"),
    ("customers.csv.gz", "the customer list with consents", "客户与授权"),
    (
        "history.ndjson.gz",
        "the SDK's events of four earlier broadcasts, and old orders of the mini-program",
        "历史埋点",
    ),
    ("orders-history.csv.gz", "抖店's order export, as of 2026-11-20 09:00, without October", "历史订单"),
    ("orders-2026-10-gb18030.csv", "October, saved once more by a spreadsheet: GB18030", "十月订单（GB18030）"),
    ("B20.ndjson.gz", "the evening of B20 as the SDK saw it", "本场埋点"),
    (
        "douyin-live-B20.ndjson.gz",
        "the evening as Douyin pushed it, one request a line with its signed headers",
        "抖音推送",
    ),
    ("wecom-watch-stat-B20.ndjson.gz", "WeCom's watch statistics, one page a line", "企微观看明细"),
    ("orders-B20.csv", "抖店's order export at 22:20, twenty minutes after the end", "本场订单"),
    (
        "orders-B20-late.csv",
        "the export of the next morning, 07:30: orders of the evening that were missing",
        "迟到的订单",
    ),
    ("follow-up.toml", "the campaign", "触达活动"),
)


def write_readme(seed: int, viewers: int, counts: dict[str, int]) -> str:
    files = "\n".join(f"| `{name}` | {en} | {zh} |" for name, en, zh in FILES)
    numbers = "\n".join(f"| {what} | {number:,} |" for what, number in counts.items())
    return f"""# The example broadcast · 示例场次

B20 冬茶专场, 2026-11-20 19:00–22:00 in Shanghai: a small tea brand that does not exist, four earlier Fridays (B16–B19),
and everything a shop like it would have on its disk. Written by the project's own simulator; nobody in it is real.
Mail addresses are of the example domains (RFC 2606).

    python -c "from huitou.proving.simulator.example import write_example; write_example('examples', seed={seed}, viewers={viewers})"

writes the same files again. Import them in this order; the late orders come the next morning.

| file | what | |
|---|---|---|
{files}

## What is in it, dirt included

Bad rows are there on purpose, as real exports have them. These are the numbers to check an import against.

| | |
|---|---:|
{numbers}

- Douyin's signatures: one secret a `x-msg-type`, `example-secret-` and the type without `live_`
  (comment, like, gift, fansclub, follow). Pushes repeat; `msg_id` tells. Half of the openids are on no list.
- 抖店's export: ids behind a TAB, `-` for empty, yuan, Shanghai time, some phones masked; the H5 shop's SDK speaks
  Segment's own event names with decimals, the mini-program lower-case names with minor units.
- An order is reported either by the SDK (mini-program, H5) or by 抖店's export, never by both.
"""
