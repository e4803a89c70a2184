"""Makes the short forms by which regions are called: 内蒙古, 恩施, 黔东南州, 余杭, 巴州."""

from __future__ import annotations

import re
from typing import Final

from domain.regions.region import Level

KINDS: Final = frozenset("省市县区旗州盟镇乡村路街道巷湾")

_PEOPLES: Final = (
    "蒙古族|回族|藏族|维吾尔族|苗族|彝族|壮族|布依族|朝鲜族|满族"
    "|侗族|瑶族|白族|土家族|哈尼族|哈萨克族|傣族|黎族|傈僳族|佤族"
    "|畲族|高山族|拉祜族|水族|东乡族|纳西族|景颇族|柯尔克孜族|土族"
    "|达斡尔族|仫佬族|羌族|布朗族|撒拉族|毛南族|仡佬族|锡伯族|阿昌族"
    "|普米族|塔吉克族|怒族|乌孜别克族|俄罗斯族|鄂温克族|德昂族|保安族"
    "|裕固族|京族|塔塔尔族|独龙族|鄂伦春族|赫哲族|门巴族|珞巴族"
    "|基诺族|各族|维吾尔|哈萨克|柯尔克孜|蒙古|塔吉克|锡伯|达斡尔"
)
_TRAILING_PEOPLES: Final = re.compile(rf"(?<=..)({_PEOPLES})+$")
_AUTONOMOUS: Final = re.compile(r"自治(区|州|县|旗)$")
_KIND: Final = re.compile(r"(特别行政区|林区|特区|新区|矿区|地区|省|市|县|区|旗|盟)$")

# Forms that follow from no rule, as offices and their own people use them.
_CUSTOMARY: Final = {
    "内蒙古自治区": ("内蒙",),
    "新疆生产建设兵团": ("兵团",),
    "巴音郭楞蒙古自治州": ("巴州",),
    "克孜勒苏柯尔克孜自治州": ("克州",),
    "博尔塔拉蒙古自治州": ("博州",),
    "西双版纳傣族自治州": ("版纳",),
    "锡林郭勒盟": ("锡盟",),
    "阿拉善盟": ("阿盟",),
    "前郭尔罗斯蒙古族自治县": ("前郭", "前郭县"),
    "喀喇沁左翼蒙古族自治县": ("喀左", "喀左县"),
    "阜新蒙古族自治县": ("阜蒙县",),
    "杜尔伯特蒙古族自治县": ("杜蒙", "杜蒙县"),
    "莫力达瓦达斡尔族自治旗": ("莫旗",),
    "塔什库尔干塔吉克自治县": ("塔县",),
    "察布查尔锡伯自治县": ("察县",),
}


def short_names(name: str, level: Level) -> set[str]:
    """Return the short forms of a full name, at least two characters each, without the name itself."""
    forms = set(_CUSTOMARY.get(name, ()))
    autonomous = _AUTONOMOUS.search(name)
    if autonomous:
        unit = autonomous[1]
        plain = name[: autonomous.start()]
        stem = _TRAILING_PEOPLES.sub("", plain)
        forms |= {stem, f"{stem}{unit}", f"{stem}自治{unit}", f"{plain}{unit}"}
        if level is Level.COUNTY and plain != stem:
            forms.add(plain)
    else:
        stem = _KIND.sub("", name)
        forms.add(stem)
        if name.endswith(("新区", "矿区", "林区", "特区")):
            forms.add(name[:-1])
        if name.endswith("地区"):
            forms |= {f"{stem}市"} if level is Level.CITY else set()
    return {form for form in forms if len(form) > 1 and form != name}
