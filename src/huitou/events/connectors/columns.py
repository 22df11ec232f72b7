"""What columns are called: one vocabulary for every table that people bring, Chinese and English.

A format (customers, products, table) claims some of these roles. Names are compared as `cells.plain` makes them: case,
blanks, `_`, `-` and a unit in brackets do not count. Of several columns for one role the name that stands first wins,
so the surest comes first: what was paid before what was asked, the buyer before the recipient.

Sources of the names: exports of 抖店, 淘宝/天猫 (ExportOrderList), 京东, 拼多多, 快手小店, 有赞, 微盟, 微信小店 as their
users publish them; Shopify's orders, customers and products CSV; WooCommerce's order and product CSV; Olist, UCI Online
Retail, dunnhumby, REES46 and Retailrocket among the public data sets.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from huitou.events.connectors.cells import match_columns, plain
from huitou.events.connectors.refusals import listed
from huitou.events.connectors.tables import Table, read_table
from huitou.kit.errors import Refused

Roles = Mapping[str, Sequence[str]]  # role -> the names its column may have, beside the role's own

# A number named 会员号 is a member's card (member_id), 会员ID and 会员编号 are the shop's id of the person (user_id): the
# same in every format, else a person's orders and their entry in the member list would be two people's.
WHO: Roles = {
    "user_id": (
        "userId", "uid", "customer_id", "customer_no", "customer_number", "customer_code", "cust_id", "client_id",
        "buyer_id", "buyer_user_id", "buyer_username", "shopper_id", "account_id", "consumer_id", "customer", "user", "buyer", "member",
        "master_id", "household_id", "客户ID", "客户编号", "客户编码", "客户号", "用户ID", "用户编号", "用户编码", "会员ID",
        "会员编号", "会员编码", "买家ID", "买家编号", "买家会员名", "买家账号", "买家旺旺", "旺旺ID", "顾客ID", "顾客编号",
        "粉丝ID", "购买人ID", "下单用户ID", "用户账号",
    ),
    "anonymous_id": ("anonymousId", "visitor_id", "visitor", "cookie", "cookie_id", "访客ID", "游客ID"),
    "phone": (
        "手机号", "手机", "手机号码", "电话", "电话号码", "移动电话", "mobile", "mobile_phone", "mobile_number", "mobile_no",
        "phone_number", "phone #", "phone_no", "telephone", "tel", "cellphone", "cell", "customer_phone", "buyer_phone",
        "买家手机", "买家手机号", "客户手机", "客户手机号", "客户电话", "用户手机号", "会员手机", "会员手机号", "下单手机号",
        "注册手机号", "绑定手机号", "联系手机", "联系电话", "联系方式", "billing_phone", "收件人手机号", "收件人手机",
        "收件人电话", "收货人手机号", "收货人手机", "收货人电话", "收货手机", "收货电话", "shipping_phone",
    ),
    "email": (
        "邮箱", "电子邮箱", "电子邮件", "邮箱地址", "电子邮箱地址", "电子邮件地址", "e-mail", "mail", "email_address",
        "e-mail address", "customer_email", "buyer_email", "user_email", "contact_email", "billing_email", "买家邮箱",
        "客户邮箱", "用户邮箱", "会员邮箱",
    ),
    "openid": ("open_id", "抖音openid", "微信openid", "小程序openid", "公众号openid", "用户openid", "买家openid", "sec_openid", "yz_open_id"),
    "unionid": ("union_id", "微信unionid", "用户unionid", "买家unionid"),
    "external_userid": ("external_user_id", "企微客户ID", "企业微信客户ID", "外部联系人ID", "外部联系人userid"),
    "member_id": (
        "会员号", "会员卡号", "会员卡", "会员卡编号", "membership_id", "membership_no", "membership_number", "member_no",
        "member_number", "loyalty_id", "loyalty_number", "card_no",
    ),
    "device": ("device_id", "设备ID", "设备号"),
    "push_token": ("device_token", "registration_id", "推送token", "推送令牌", "推送标识"),
}  # fmt: skip

PERSON: Roles = {
    "name": (
        "姓名", "客户姓名", "用户姓名", "会员姓名", "真实姓名", "客户名称", "会员名称", "联系人", "full_name", "customer_name",
        "昵称", "nickname", "nick_name", "客户昵称", "用户昵称", "会员昵称", "微信昵称", "抖音昵称", "买家昵称", "用户名",
        "会员名", "user_name", "display_name", "收货人姓名", "收件人姓名", "收货人", "收件人",
    ),
    "first_name": ("名", "given_name", "firstname"),
    "last_name": ("姓", "surname", "family_name", "lastname"),
    "city": ("城市", "所在城市", "常住城市", "市", "town", "收货城市", "billing_city"),
    "province": ("省", "省份", "所在省份", "state", "region", "收货省份", "billing_state", "billing_province"),
    "gender": ("性别", "sex"),
    "birthday": ("生日", "出生日期", "出生年月日", "birth_date", "birthdate", "date_of_birth", "dob"),
    "timezone": ("时区", "time_zone"),
    "language": ("语言", "lang", "locale"),
}  # fmt: skip

GOODS: Roles = {
    "product_id": (
        "商品ID", "商品编号", "商品编码", "商品货号", "货号", "款号", "宝贝ID", "产品ID", "产品编号", "product_code",
        "product_no", "item_id", "item", "goods_id", "goods_no", "spu_id", "sku", "sku_id", "SKU编码", "sku_code",
        "variant_sku", "lineitem_sku", "item_sku", "seller_sku", "stock_code", "商家编码", "规格编码", "sid", "asin",
    ),
    "product_name": (
        "商品名称", "商品名", "商品标题", "宝贝标题", "宝贝名称", "产品名称", "品名", "选购商品", "product_title", "item_name",
        "item_title", "goods_name", "lineitem_name", "description", "商品",
    ),
    "category": (
        "类目", "分类", "品类", "类别", "商品类目", "商品分类", "一级类目", "product_category", "category_name",
        "category_code", "product_type",
    ),
    "price": (
        "直播价", "到手价", "活动价", "券后价", "成交单价", "售价", "销售价", "商品售价", "现价", "sale_price", "价格", "单价",
        "商品价格", "商品单价", "销售单价", "零售价", "一口价", "selling_price", "unit_price", "item_price", "item_cost",
        "retail_price", "variant_price", "lineitem_price", "price_each",
    ),
    "currency": ("币种", "货币", "货币单位", "currency_code"),
    "shop_id": ("shop", "店铺ID", "店铺编号", "store_id", "门店ID", "门店编号"),
}  # fmt: skip

ORDER: Roles = {
    "order_id": (
        "order_no", "order_number", "order_num", "order_sn", "order_code", "order", "orders", "主订单编号", "主订单号", "订单编号",
        "订单号", "订单ID", "父订单号", "商家订单号", "平台订单号", "交易编号", "交易号", "交易单号", "销售单号", "小票号",
        "流水号", "交易流水号", "单号", "invoice", "invoice_no", "invoice_id", "invoice_number", "transaction_id",
        "transaction_no", "basket_id", "receipt_no", "receipt_id", "trade_id", "trade_no", "tid",
    ),
    "line_id": (
        "子订单编号", "子订单号", "子订单ID", "sub_order_id", "sub_order_no", "order_item_id", "order_line_id", "line_item_id",
    ),
    "quantity": (
        "qty", "数量", "件数", "商品数量", "购买数量", "成交数量", "购买件数", "商品件数", "宝贝总数量", "销售数量", "销量", "units",
        "item_quantity", "lineitem_quantity", "item_num", "num", "count",
    ),
    # What was paid comes before what was asked.
    "total": (
        "paid_amount", "amount_paid", "pay_amount", "payment_amount", "payment_value", "买家实际支付金额", "买家实付金额",
        "用户实付金额", "用户支付金额", "实付金额", "实付款", "实付", "实付总额", "实际支付金额", "实际付款", "支付金额", "付款金额",
        "实收金额", "实收", "消费金额", "成交金额", "交易金额", "交易额", "销售金额", "销售额", "应付金额", "订单应付金额",
        "买家应付货款", "grand_total", "total_amount", "total_price",   "net_amount", "amount",
        "transaction_amount", "purchase_amount", "spend", "revenue", "sales", "sales_value", "value", "gmv", "总金额",
        "总价", "总额", "金额",
    ),
    # Names that say that it is the whole order's, though each of its lines may repeat it.
    "order_total": (
        "order_amount", "order_value", "订单实付金额", "订单实付款", "订单实收金额", "订单总金额", "订单总额", "订单总价",
        "订单金额",
    ),
    # Of one line of an order, where nothing says what was paid for the whole.
    "line_total": ("item_total", "item_subtotal", "小计", "商品小计", "商品实付金额", "商品实际成交金额", "商品实付"),
    "subtotal": ("sub_total", "商品总额", "商品总金额", "商品金额", "货款", "goods_amount"),
    "shipping": ("shipping_fee", "shipping_cost", "shipping_amount", "shipping_total", "freight", "freight_value", "运费", "邮费", "买家应付邮费", "配送费"),
    "tax": ("taxes", "tax_amount", "total_tax", "税费", "税额", "税金"),
    "discount": ("discount_amount", "discount_total", "discounts", "total_discount", "total_discounts", "优惠金额", "优惠总金额", "折扣金额", "折扣额"),
    "refund_total": (
        "refund_amount", "refunded_amount", "order_refund_amount", "amount_refunded", "total_refunded", "refunded", "退款金额", "退款总额",
        "已退款金额", "实退金额", "退货金额",
    ),
    "status": (
        "订单状态", "主订单状态", "子订单状态", "交易状态", "状态", "当前状态", "order_status", "order_state", "trade_status",
        "trade_state", "transaction_status",
    ),
    "payment_status": ("financial_status", "pay_status", "payment_state", "pay_state", "支付状态", "付款状态", "收款状态"),
    "refund_status": (
        "售后状态", "退款状态", "订单退款状态", "退换货状态", "退货状态", "after_sale_status", "aftersale_status",
        "return_status", "refund_state",
    ),
    # Where the parcel is: known by its times, and otherwise no business of ours.
    "shipping_status": ("fulfillment_status", "发货状态", "物流状态", "配送状态", "快递状态", "delivery_status"),
}  # fmt: skip

TIMES: Roles = {
    "time": (
        "timestamp", "occurred_at", "event_time", "datetime", "date_time", "时间", "发生时间", "事件时间", "行为时间", "操作时间",
        "交易时间", "消费时间", "购买时间", "成交时间", "销售时间", "开单时间", "评论时间", "发言时间", "访问时间",
        "transaction_time", "transaction_timestamp", "purchase_time", "purchased_at", "sale_time", "comment_time",
        "visit_time", "ts",
    ),
    "date": (
        "日期", "下单日期", "订单日期", "创建日期", "order_date", "交易日期", "消费日期", "购买日期", "成交日期", "销售日期", "发生日期", "统计日期", "transaction_date",
        "purchase_date", "sale_date", "event_date", "invoice_date", "invoicedate", "day",
    ),
    "ordered_at": (
        "order_time", "order_datetime", "order_created_at", "order_purchase_timestamp", "created_at",
        "created_time", "create_time", "created_on", "creation_time", "date_created", "created", "placed_at", "下单时间",
        "订单提交时间", "提交时间", "订单创建时间", "订单生成时间", "订单时间", "拍下时间", "创建时间",
    ),
    "paid_at": (
        "paid_time", "paid_date", "date_paid", "pay_time", "pay_date", "payment_time", "payment_date", "order_approved_at",
        "支付时间", "支付日期", "支付完成时间", "付款时间", "付款日期", "订单付款时间", "订单支付时间", "买家付款时间",
    ),
    "shipped_at": (
        "shipped_time", "ship_time", "ship_date", "shipped_date", "shipping_time", "fulfilled_at", "dispatched_at",
        "order_delivered_carrier_date", "发货时间", "订单发货时间", "发货日期", "出库时间",
    ),
    "received_at": (
        "received_time", "delivered_at", "delivered_time", "delivery_date", "completed_at", "completed_time",
        "date_completed", "finish_time", "finished_at", "order_delivered_customer_date", "订单完成时间", "完成时间",
        "交易完成时间", "交易成功时间", "确认收货时间", "收货时间", "签收时间",
    ),
    "cancelled_at": ("canceled_at", "cancelled_time", "cancel_time", "取消时间", "订单取消时间", "关闭时间", "交易关闭时间", "订单关闭时间"),
    "refunded_at": ("refunded_time", "refund_time", "refund_date", "退款时间", "退款完成时间", "退款成功时间", "退货时间"),
    "entered_at": (
        "enter_time", "entered_time", "join_time", "joined_at", "进入时间", "进入直播间时间", "首次进入时间", "进房时间", "入场时间",
        "开始观看时间",
    ),
    "left_at": ("leave_time", "left_time", "exit_time", "离开时间", "离开直播间时间", "最后离开时间", "退出时间", "离场时间", "结束观看时间"),
}  # fmt: skip

# Moments a fact tells beside its own.
BESIDES: Roles = {
    "started_at": ("start_time", "开始时间"),
    "ended_at": ("end_time", "结束时间"),
    "starts_at": (),
    "ends_at": (),
    "expires_at": ("expire_time", "expiry_date", "到期时间", "过期时间", "失效时间", "有效期至"),
    "until": ("valid_until",),
}

LIVE: Roles = {
    "broadcast_id": (
        "broadcast", "场次", "场次ID", "场次编号", "live_id", "livingid", "live_session_id", "直播ID", "直播编号", "直播场次",
        "直播场次ID",
    ),
    "room_id": ("room", "roomid", "live_room_id", "直播间ID", "直播间编号", "直播间号", "直播间", "房间号", "房间ID"),
    "content": ("comment", "comment_text", "comment_content", "评论", "评论内容", "弹幕", "弹幕内容", "发言", "发言内容", "text"),
    "watch_seconds": (
        "watch_time", "watch_duration", "watched_seconds", "watch_minutes", "view_duration", "viewing_time", "view_seconds",
        "stay_seconds", "stay_time", "stay_duration", "dwell_time", "duration_seconds", "观看时长", "累计观看时长", "总观看时长",
        "直播观看时长", "观看秒数", "观看分钟数", "停留时长", "停留时间",
    ),
}  # fmt: skip

EVENT: Roles = {
    "event": (
        "event_name", "event_type", "event_code", "behavior", "behaviour", "behavior_type", "behaviour_type", "action",
        "action_type", "action_name", "activity", "activity_type", "事件", "事件名", "事件名称", "事件类型", "行为", "行为类型",
        "行为名称", "用户行为", "动作", "动作类型", "操作", "操作类型", "操作行为",
    )
}  # fmt: skip

UPDATED: Roles = {
    "updated_at": (
        "update_time", "updated_time", "updated_on", "last_updated", "modified_at", "last_modified", "date_modified", "更新时间",
        "最后更新时间", "修改时间", "最后修改时间",
    )
}  # fmt: skip

# A list of people sums them up, and says since when they are known: neither is something that just happened.
SUMMARY = re.compile(
    r"累计|总消费|消费总|总订单|总购买|总交易|次数|笔数|单数|订单数$|最近|最后|最新|上次|上一次|首次|首单|首购|第一次|末次|平均|客单|历史"
    r"|频次|频率|近\d+|(?<![件份个])数$|率$|(上架|下架|上市|发布|生产|入库|注册|创建|加入|入会|入群|开卡|建档|关注|添加|更新|修改|同步|授权|同意|有效|到期|过期|出生|绑定|激活|登录|活跃|领卡)"
    r"\w*(时间|日期)|(^|_)(lifetime|ltv|count|num|number|avg|average|aov|last|first|latest|recent|since|registered"
    r"|registration|signup|sign_?up|joined|join|created|creation|updated|update|modified|birth|login|active|consent|consented|opt"
    r"|expires?|expiry|expired|verified|history|days|months|frequency|recency|monetary|published|listed"
    r"|total_(spent|spend|orders?|purchases?))(_|$)"
)
# What only a row about something that happened has.
FACT = re.compile(
    r"订单|下单|支付|付款|购买|消费|成交|交易|金额|实付|应付|总价|总额|件数|数量|评论|弹幕|发言|观看|进入|进房|离开|停留|直播|场次"
    r"|退款|退货|发货|签收|时长|时间$|日期$"
    r"|(^|_)(orders?|invoice|purchase|transaction|payment|paid|amount|total|qty|quantity|revenue|watch|comment|live|lineitem"
    r"|event|enter|entered|duration|time|date|timestamp|financial)(_|$)|_at$"
)


Place = Callable[[Sequence[str], Mapping[str, str]], dict[str, int]]


def open_placed(
    path: Path, place: Place, mapping: Mapping[str, str], is_header: Callable[[Sequence[str]], bool]
) -> tuple[Table, dict[str, int]]:
    """The table and its columns by their roles; its header holds the columns of --map, or else is a known one, and of
    those the one that tells most.

    Where no row does, the first that looks like a header is taken, so that it can be said what is missing.
    """
    said = [column for column in mapping.values() if column not in ("", "-")]

    def rate(cells: Sequence[str]) -> float:
        known = all(column in cells for column in said) if said else is_header(cells)
        return 1 + len(place(cells, {})) if known else 0

    try:
        table = read_table(path, rate)
    except Refused:
        table = read_table(path)
    return table, place(table.columns, mapping)


def words_of(column: str) -> str:
    """'Lineitem quantity', 'createdAt' and 'CREATED-AT' in one form, words apart: lineitem_quantity, created_at."""
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column.strip())
    return re.sub(r"[\s\-_.]+", "_", apart).lower().strip("_")


def tells_facts(columns: Iterable[str], facts: Roles) -> bool:
    """Whether one of the columns is of rows that happened: a list of people or goods would lose it.

    `facts` are the roles whose names say so too, beside those that look like it.
    """
    said = [column for column in columns if not sums_up(column)]
    return bool(match_columns(said, facts)) or any(FACT.search(words_of(column)) for column in said)


def sums_up(column: str) -> bool:
    """Whether the column tells of a person or of goods as a whole: 累计消费金额, Total Orders, created_at."""
    return SUMMARY.search(words_of(column)) is not None


def place_columns(columns: Sequence[str], roles: Roles, mapping: Mapping[str, str]) -> dict[str, int]:
    """{role: column index}: what the operator said, then what the names say. Refused for an unknown role or column."""
    said = {find_role(role, roles): column for role, column in mapping.items()}
    missing = [column for column in said.values() if column not in columns and column not in ("", "-")]
    if missing:
        have = listed(columns)
        raise Refused(
            {
                "zh": f"--map：表里没有 {missing[0]!r} 列；有：{have}",
                "en": f"--map: no column {missing[0]!r}; the file has {have}",
            }
        )
    taken = {list(columns).index(column): role for role, column in said.items() if column not in ("", "-")}
    # A column the operator spoke for is nobody else's.
    open_columns = ["" if index in taken else column for index, column in enumerate(columns)]
    placed = {role: index for role, index in match_columns(open_columns, roles).items() if role not in said}
    placed |= {role: index for index, role in taken.items()}
    return {role: placed[role] for role in roles if role in placed}


def find_role(said: str, roles: Roles) -> str:
    """The role, named by itself or by any of its columns' names. Refused where there is none."""
    for role, names in roles.items():
        if plain(said) in map(plain, (role, *names)):
            return role
    known = ", ".join(roles)
    raise Refused(
        {"zh": f"--map：没有 {said!r} 这一项；可用：{known}", "en": f"--map: no role {said!r}; there are {known}"}
    )
