"""Words of the example: people, places, talk. Mail addresses are of RFC 2606's example domains."""

from __future__ import annotations

SURNAMES = tuple(
    "林陈王李张黄吴周徐孙朱高何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭"
)
GIVEN = (
    "晓", "静", "雅婷", "子涵", "思远", "嘉怡", "文博", "雨桐", "浩然", "梦瑶", "若曦", "建国", "秀英", "志强", "丽华",
    "佳宁", "一诺", "宇轩", "欣然", "可心", "明", "芳", "敏", "磊", "洋", "艳", "娟", "涛", "超", "霞",
    "平", "刚", "桂英", "婉清", "安琪", "云飞", "天佑", "诗涵", "泽宇", "语嫣", "慧", "俊杰", "玉兰", "春梅",
)  # fmt: skip
SURNAMES_LATIN = (
    "lin", "chen", "wang", "li", "zhang", "huang", "wu", "zhou", "xu", "sun", "zhu", "gao", "he", "guo", "ma", "luo",
    "liang", "song", "zheng", "xie",
)  # fmt: skip
ENGLISH_NAMES = (
    "Alice Morgan",
    "Ben Carter",
    "Chloe Reid",
    "Daniel Hughes",
    "Emma Clarke",
    "Oliver Grant",
    "Sophie Lane",
)
MAIL_DOMAINS = ("example.com", "example.org", "example.net")
CITIES = (
    ("上海", "上海市", "浦东新区"), ("杭州", "浙江省", "西湖区"), ("北京", "北京市", "朝阳区"), ("广州", "广东省", "天河区"),
    ("深圳", "广东省", "南山区"), ("成都", "四川省", "锦江区"), ("武汉", "湖北省", "武昌区"), ("南京", "江苏省", "玄武区"),
    ("苏州", "江苏省", "姑苏区"), ("福州", "福建省", "鼓楼区"), ("厦门", "福建省", "思明区"), ("西安", "陕西省", "雁塔区"),
    ("长沙", "湖南省", "岳麓区"), ("昆明", "云南省", "五华区"), ("重庆", "重庆市", "渝中区"), ("青岛", "山东省", "市南区"),
)  # fmt: skip
QUESTIONS = (
    "怎么买", "链接几号", "多少钱一饼", "有优惠券吗", "包邮吗", "保质期多久", "送人合适吗", "今天下单什么时候发货",
    "几号链接呀主播", "可以再便宜点吗", "礼盒里有几罐", "适合新手喝吗",
)  # fmt: skip
CHATTER = (
    "来了来了", "主播好", "这个香", "冬天就该喝熟茶", "上次买的已经喝完了", "已拍", "汤色好漂亮", "晚上喝睡不着吗", "支持主播",
    "杯子也好看", "讲得真细", "第一次来", "老粉报到", "茉莉花茶yyds", "主播嗓子休息一下",
)  # fmt: skip
GRIPES = ("上次发货太慢了", "包装有点简单")
SOURCES = ("follow", "recommend", "share", "search", "ads", "group")
