"""Orders and what becomes of them, and how 抖店 exports them.

The export's form is that of domain.md 1.2: UTF-8 with BOM, a TAB before ids, `-` for empty, yuan, local times.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from huitou.kit.clock import DAY, HOUR, to_datetime
from huitou.proving.simulator.people import Product

COLUMNS = (
    "主订单编号", "子订单编号", "选购商品", "商品规格", "商品数量", "商品ID", "商家编码", "商品单价", "商品金额", "订单应付金额",
    "运费", "优惠总金额", "平台优惠", "商家优惠", "达人优惠", "支付方式", "收件人", "收件人手机号", "省", "市", "区",
    "订单提交时间", "支付完成时间", "发货时间", "订单完成时间", "订单状态", "售后状态", "取消原因", "达人昵称", "流量来源",
    "流量体裁", "商家备注", "买家留言",
)  # fmt: skip


@dataclass(frozen=True)
class Order:
    """One order of one person; money in minor units, -1 for a time that has not come."""

    order_id: str
    person: int
    lines: tuple[tuple[Product, int], ...]
    created_at: int
    paid_at: int
    off_minor: int = 0
    shipped_at: int = -1
    received_at: int = -1
    refunded: bool = False
    cancelled: bool = False
    in_room: bool = False
    coupon: str = ""
    message_id: str = ""

    @property
    def amount(self) -> int:
        return sum(product.price * quantity for product, quantity in self.lines)

    @property
    def payable(self) -> int:
        return self.amount - self.off_minor

    def seen_at(self, at: int) -> Order:
        """The order as an export made at that moment shows it: later steps have not happened yet."""
        return replace(
            self,
            paid_at=self.paid_at if self.paid_at <= at else -1,
            shipped_at=self.shipped_at if self.shipped_at <= at else -1,
            received_at=self.received_at if self.received_at <= at else -1,
            refunded=self.refunded and max(self.received_at, self.shipped_at) + DAY <= at,
        )


class OrderBook:
    """Numbers orders: nineteen digits, beyond what a double can hold."""

    def __init__(self, first: int = 6_917_000_000_000_000_001) -> None:
        self.next = first

    def place(
        self, person: int, product: Product, at: int, rng: np.random.Generator, products: tuple[Product, ...] = ()
    ) -> Order:
        """An order created at `at`; dice decide quantity, a second line, dispatch, refund and cancelling."""
        dice = rng.random(7)
        lines: tuple[tuple[Product, int], ...] = ((product, 2 if dice[0] < 0.08 else 1),)
        if products and dice[1] < 0.06:
            lines = (*lines, (products[int(dice[2] * len(products))], 1))
        paid_at = at + int(20 + dice[3] * 220) * 1_000_000
        shipped_at = paid_at + int((10 + 30 * dice[4]) * HOUR)
        order = Order(
            order_id=str(self.next),
            person=person,
            lines=lines,
            created_at=at,
            paid_at=paid_at,
            shipped_at=shipped_at,
            received_at=shipped_at + int((40 + 80 * dice[4]) * HOUR),
            refunded=bool(dice[5] < 0.05),
        )
        self.next += 7
        if dice[6] < 0.02:
            return replace(order, cancelled=True, paid_at=-1, shipped_at=-1, received_at=-1, refunded=False)
        return order


@dataclass(frozen=True)
class Buyer:
    """What the export tells of who ordered: a name, a phone (masked where the platform does), a place."""

    name: str
    phone: str
    province: str
    city: str
    district: str


def write_orders(rows: Iterable[tuple[Order, Buyer]], encoding: str = "utf-8-sig") -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for order, buyer in rows:
        writer.writerows(order_rows(order, buyer))
    return out.getvalue().encode(encoding)


def order_rows(order: Order, buyer: Buyer) -> list[list[str]]:
    """One row a sub-order; the order's discount stands with its first."""
    rows = []
    for k, (product, quantity) in enumerate(order.lines):
        off = order.off_minor if k == 0 else 0
        amount = product.price * quantity
        rows.append([
            f"\t{order.order_id}", f"\t{int(order.order_id) + k}", product.name, "标准", str(quantity),
            f"\t{product.product_id}", f"TEA-{product.product_id}", _yuan(product.price), _yuan(amount), _yuan(amount - off),
            "0.00", _yuan(off), "0.00", _yuan(off), "0.00", "微信" if order.paid_at >= 0 else "-", buyer.name,
            buyer.phone or "-", buyer.province, buyer.city, buyer.district, _local(order.created_at),
            _local(order.paid_at), _local(order.shipped_at), _local(order.received_at), _status(order),
            "退款成功" if order.refunded else "-", "买家取消" if order.cancelled else "-", "小茶",
            "直播间" if order.in_room else "商城", "直播" if order.in_room else "-", "-", "-",
        ])  # fmt: skip
    return rows


def _status(order: Order) -> str:
    if order.cancelled:
        return "已关闭"
    if order.paid_at < 0:
        return "待支付"
    if order.refunded:
        return "已关闭"
    if order.received_at >= 0:
        return "已完成"
    return "已发货" if order.shipped_at >= 0 else "待发货"


def _yuan(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"


def _local(at: int) -> str:
    return "-" if at < 0 else to_datetime(at, "Asia/Shanghai").strftime("%Y-%m-%d %H:%M:%S")


def mask_phone(phone: str) -> str:
    """As the platform shows it to shops without permission: 138****0000."""
    return f"{phone[:3]}****{phone[-4:]}" if len(phone) >= 7 else phone
