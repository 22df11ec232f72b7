from __future__ import annotations

import pytest

from huitou.measurement.replies import is_negative

NO = (
    "TD", " r ", "退订", "拒收。", "别再发了", "你们发得太勤了", "不需要,谢谢", "别给我发了", "不要再发短信", "好烦", "烦死了", "再骚扰就举报",
    "垃圾短信", "滚", "取消订阅", "不感兴趣", "STOP", "Stop.", "please unsubscribe me", "Stop sending these", "not interested",
    "Don't email me again", "no more emails please", "this is spam", "Take me off your list", "too many messages",
)  # fmt: skip
FINE = (
    "先别发货,我改地址", "别发顺丰,发京东", "不要发快递到公司", "什么时候发货?", "谢谢,泡茶用多少度的水?", "可以开发票吗?", "滚烫的水可以吗",
    "红色的还有吗", "需要两盒", "我不需要礼盒,要散装", "How do I stop it from getting bitter?", "non-stop delicious", "R2 size?",
    "Is there a store near the bus stop?", "Thanks, see you at the end of the week", "cancelled flight, will order later",
    "", None,
)  # fmt: skip


@pytest.mark.parametrize("reply", NO)
def test_a_no_is_heard(reply):
    assert is_negative(reply)


@pytest.mark.parametrize("reply", FINE)
def test_talk_of_parcels_and_tea_is_no_no(reply):
    assert not is_negative(reply)
