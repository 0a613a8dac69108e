"""Foods that people name are found in the class that a person would give them.

The words were written down before the tree was looked at, dishes by what they are above all.
"""

import pandas as pd
import pytest

from enteroscan.vocabulary import foods, match_foods, sources

COMMON = {
    "meat": """
        鱼香肉丝 回锅肉 糖醋里脊 红烧排骨 宫保鸡丁 辣子鸡 白切鸡 口水鸡 盐水鸭 烤鸭 酱牛肉
        水煮肉片 京酱肉丝 梅菜扣肉 粉蒸肉 狮子头 夫妻肺片 葱爆羊肉 孜然羊肉 红焖羊肉 土豆炖牛肉
        番茄牛腩 木须肉 蒜泥白肉 小酥肉 猪蹄 卤猪耳 爆炒腰花 溜肝尖 炸鸡腿 叉烧 腊肉 腊肠
        德州扒鸡 羊肉串 水晶肘子 东坡肉 毛血旺 青椒肉丝 农家小炒肉 牛肉干
    """,
    "aquatic": """
        清蒸鲈鱼 红烧带鱼 水煮鱼 酸菜鱼 松鼠桂鱼 剁椒鱼头 油焖大虾 白灼虾 麻辣小龙虾 香辣蟹
        大闸蟹 蒜蓉粉丝扇贝 爆炒花甲 烤生蚝 海蜇头 凉拌海蜇 鱿鱼圈 红烧甲鱼 田螺 三文鱼刺身
        炸带鱼 鱼丸 海参 鲍鱼 醉虾 黄花鱼
    """,
    "vegetable": """
        拍黄瓜 清炒菠菜 蒜蓉西兰花 酸辣土豆丝 地三鲜 干煸四季豆 虎皮青椒 手撕包菜 凉拌三丝 炒豆芽
        蚝油生菜 炝炒莲白 红烧茄子 鱼香茄子 凉拌藕片 炒南瓜 泡菜 榨菜 清炒时蔬 蒜苗 凉拌苦瓜 秋葵
        花菜 芦笋 百合 娃娃菜
    """,
    "fruit": """
        西瓜 草莓 苹果 香蕉 葡萄 荔枝 芒果 火龙果 樱桃 哈密瓜 猕猴桃 杨梅 果盘 鲜切水果 柿子 柚子
    """,
    "cereal": """
        米饭 蛋炒饭 扬州炒饭 小米粥 皮蛋瘦肉粥 炸酱面 兰州拉面 刀削面 热干面 牛肉面 阳春面 方便面
        凉皮 米线 螺蛳粉 肠粉 河粉 馒头 花卷 豆沙包 小笼包 水饺 馄饨 煎饼果子 手抓饼 油条 粽子
        汤圆 年糕 煮玉米 烧饼 锅盔 麦片 烧卖
    """,
    "egg": "煮鸡蛋 茶叶蛋 荷包蛋 西红柿炒鸡蛋 韭菜炒鸡蛋 蒸蛋羹 咸鸭蛋 皮蛋 鹌鹑蛋 溏心蛋",
    "dairy": "纯牛奶 酸奶 奶粉 奶酪 双皮奶 鲜牛奶 羊奶 炼乳",
    "legume": """
        麻婆豆腐 豆浆 豆腐脑 臭豆腐 凉拌腐竹 香干 红烧豆腐 绿豆汤 水煮毛豆 家常豆腐 千张 油豆腐
    """,
    "fungus": "见手青 野生菌火锅 香菇 金针菇 凉拌木耳 银耳羹 杏鲍菇 炒平菇 松茸 竹荪",
    "beverage": "可乐 雪碧 珍珠奶茶 柠檬茶 酸梅汤 鲜榨橙汁 咖啡 雪糕 冰淇淋 绿茶 冰红茶 椰汁",
    "pastry": "生日蛋糕 奶油蛋糕 面包 饼干 月饼 蛋挞 桃酥 绿豆糕 提拉米苏 泡芙 三明治面包 麻薯",
    "nut": "花生米 瓜子 核桃 炒板栗 开心果 杏仁",
    "alga": "紫菜汤 凉拌海带丝 海带结 裙带菜",
    "condiment": "酱油 辣椒酱 番茄酱 芝麻酱 食盐 陈醋 花生油",
    "mixed": "麻辣烫 火锅 冒菜 汉堡 披萨 寿司 盒饭 关东煮 麻辣香锅 大锅菜 剩菜 肉夹馍",
    "alcohol": "啤酒 白酒 红酒 药酒 米酒",
    "sweet": "巧克力 蜂蜜 冰糖葫芦 果冻 奶糖",
    "water": "桶装水 矿泉水 自来水 井水",
    "infant_food": "婴儿配方奶粉 母乳 婴儿米粉 辅食",
    "poisonous_wild": "草乌 桐子 曼陀罗 断肠草",
}
WORDS = [(word, group) for group, words in COMMON.items() for word in words.split()]


@pytest.fixture(scope="module")
def found() -> "pd.Series[str]":
    table = match_foods(pd.Series([word for word, _ in WORDS]))
    first = table.drop_duplicates("row").set_index("row")["food_class"]
    return first.reindex(range(len(WORDS))).fillna("none")


def test_common_foods_are_in_the_class_that_a_person_would_give(found: "pd.Series[str]") -> None:
    expected = pd.Series([group for _, group in WORDS])
    wrong = [f"{WORDS[i][0]}: {found[i]}" for i in expected.index[found != expected]]
    assert len(WORDS) >= 200
    assert len(wrong) <= 0.02 * len(WORDS), ", ".join(wrong)


def test_no_common_food_is_unknown(found: "pd.Series[str]") -> None:
    assert [WORDS[i][0] for i in found.index[found == "none"]] == []


def test_rows_say_whether_they_are_official() -> None:
    table = foods().set_index("key")
    assert table["verified"].dtype == bool
    official = table.index[table["verified"]]
    assert {"meat_product", "cooked_meat", "sauced_meat"} == set(official)
    assert "GB 2762" in str(sources().set_index("table").loc["foods", "source"])
