"""The heads that offices write, and the field that each stands for; spaces, brackets and marks are gone from both."""

from __future__ import annotations

from typing import Final, Literal

Kind = Literal["outflow", "inflow"]

HEADS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("姓名", "党员姓名", "流动党员姓名", "姓名全称", "本人姓名", "名字"),
    "sex": ("性别", "男/女", "男女"),
    "ethnicity": ("民族", "族别"),
    "birth_date": ("出生日期", "出生年月", "出生年月日", "出生时间", "生日"),
    "identity_number": (
        "公民身份号码",
        "公民身份证号码",
        "公民身份证号",
        "公民身份证",
        "身份证号码",
        "身份证号",
        "身份证",
        "身份号码",
        "居民身份证号码",
        "居民身份证号",
        "居民身份证",
        "证件号码",
        "证件号",
        "身份证件号码",
        "有效证件号码",
        "党员身份证号",
        "党员身份证号码",
    ),
    "education": ("学历", "文化程度", "学历情况", "最高学历", "学历层次"),
    "joined_on": ("入党时间", "入党日期", "入党年月", "加入党组织日期", "加入中共党组织时间", "加入党组织时间"),
    "category": ("党员类别", "党员类型", "人员类别", "党员身份", "正式或预备", "正式/预备", "是否正式党员", "类别"),
    "phone": (
        "联系电话",
        "联系方式",
        "手机号码",
        "手机号",
        "手机",
        "电话",
        "电话号码",
        "本人电话",
        "本人联系电话",
        "本人联系方式",
        "党员联系电话",
        "党员联系方式",
        "移动电话",
    ),
    "organisation": (
        "流出党支部",
        "流出支部",
        "流出党组织",
        "流出党组织名称",
        "流出党支部名称",
        "所在党支部",
        "所在支部",
        "所在党组织",
        "所属党支部",
        "所属支部",
        "所属党组织",
        "组织关系所在党支部",
        "组织关系所在支部",
        "组织关系所在党组织",
        "组织关系隶属党支部",
        "党支部",
        "党支部名称",
        "支部名称",
        "支部",
        "党组织名称",
        "党组织",
        "党组织代码",
        "党组织编码",
        "支部代码",
        "党支部代码",
        "党支部编码",
        "流出党支部代码",
        "流出党组织代码",
        "所在党支部名称",
        "流出前所在党支部",
    ),
    "departed_on": (
        "流出时间",
        "流出日期",
        "流出年月",
        "外出时间",
        "外出日期",
        "外出年月",
        "离开时间",
        "离开日期",
        "流动时间",
        "外出流动时间",
        "何时流出",
        "流出起始时间",
    ),
    "reason": ("流出原因", "外出原因", "流动原因", "外出事由", "流出事由", "流动事由", "原因"),
    "scope": ("流动类型", "流动范围", "流向类型", "流动类别", "流出类型"),
    "destination": (
        "流入地",
        "流入地行政区划",
        "流入地区",
        "流入地点",
        "流向",
        "去向",
        "流出去向",
        "外出去向",
        "外出地",
        "外出地点",
        "外出地址",
        "流动去向",
        "现居住地行政区划",
        "流入地代码",
        "流入地行政区划代码",
        "流往地",
        "流往何地",
        "流入行政区划",
        "流入地所在行政区划",
    ),
    "destination_organisation": (
        "流入党组织",
        "流入地党组织",
        "流入党支部",
        "流入地党支部",
        "接收党组织",
        "接收党支部",
        "流入党组织代码",
        "流入地党组织名称",
        "流入党组织名称",
        "流入地接收党组织",
    ),
    "arrived_on": (
        "流入时间",
        "流入日期",
        "流入年月",
        "报到时间",
        "报到日期",
        "到达时间",
        "来本地时间",
        "纳入管理时间",
    ),
    "origin": (
        "流出地",
        "流出地行政区划",
        "流出地区",
        "流出地点",
        "来源地",
        "流出地代码",
        "流出地行政区划代码",
        "原籍地",
    ),
    "origin_organisation": (
        "流出地党组织",
        "流出地党支部",
        "流出地党组织名称",
        "流出地所在党组织",
        "流出地所在党支部",
        "原党组织",
        "原所在党组织",
        "原所在党支部",
        "组织关系所在地党组织",
    ),
    "branch": (
        "编入支部",
        "编入党支部",
        "编入党组织",
        "纳入支部",
        "纳入党支部",
        "现编入支部",
        "编入的党支部",
        "所编支部",
    ),
    "residence": ("居住地", "现居住地", "居住地址", "现居住地址", "暂住地", "暂住地址", "住址", "现住址", "家庭住址"),
    "employer": (
        "外出从业单位",
        "从业单位",
        "工作单位",
        "务工单位",
        "外出工作单位",
        "现工作单位",
        "就业单位",
        "外出务工单位",
        "从业单位名称",
        "工作单位及职务",
    ),
    "industry": ("行业", "从事行业", "所属行业", "从业行业"),
    "occupation": ("职业", "从事职业", "职务", "岗位", "工种", "从事工作"),
    "card_number": ("活动证编号", "流动党员活动证编号", "活动证号", "流动党员证编号", "流动党员证号", "活动证号码"),
    "contact_person": ("联系人", "联系人姓名", "联络员", "联络员姓名", "支部联系人", "党组织联系人", "流出地联系人"),
    "contact_phone": (
        "联系人电话",
        "联系人联系电话",
        "联系人联系方式",
        "联系人手机",
        "联系人手机号",
        "联系人手机号码",
        "联系人电话号码",
        "联络员电话",
        "联络员联系电话",
        "联络员联系方式",
    ),
    "contact_status": ("联系状态", "联系情况", "联系状况", "是否失联", "联络状态", "目前联系状态"),
    "contacted_on": ("最近联系时间", "最近一次联系时间", "最后联系时间", "上次联系时间", "联系时间", "最近联系日期"),
    "lost_contact_on": ("失联时间", "失联日期", "失去联系时间", "失联年月", "失去联系日期"),
    "returned_on": ("返回时间", "返回日期", "返乡时间", "回归时间", "返回年月", "流回时间", "返乡日期", "预计返回时间"),
    "remarks": ("备注", "说明", "备注说明", "其他", "其他说明"),
    "": ("序号", "编号", "NO", "NO.", "No", "No.", "no", "问题", "年龄", "年龄(岁)", "党龄", "校验结果"),
}
"""By field; the empty field is what is recognised and not read: running numbers, ages, the column that we add."""

FIELD_OF: Final[dict[str, str]] = {head: field for field, heads in HEADS.items() for head in heads}

IN_INFLOW: Final = {"organisation": "origin_organisation", "destination_organisation": "branch"}
"""What a head means in an inflow register: there the home branch is elsewhere and the receiving one is ours."""

IN_OUTFLOW: Final = {"origin_organisation": "organisation", "branch": "destination_organisation"}

PLACE_PARTS: Final = frozenset(
    {
        *"省市县区",
        "省份",
        "省区",
        "省市",
        "省区市",
        "地市",
        "市州",
        "地级市",
        "市州盟",
        "州市",
        "县区",
        "区县",
        "县市",
        "县市区",
        "市县",
        "市县区",
        "区县市",
        "乡镇",
        "镇街",
        "街道",
        "乡镇街道",
        "街道乡镇",
        "村社区",
    }
)
"""What stands below 流入地 or 流出地 where an office gives each level a column of its own."""

MARKS_OUTFLOW: Final = frozenset(
    {"departed_on", "reason", "lost_contact_on", "contact_status", "destination_organisation", "organisation"}
)
MARKS_INFLOW: Final = frozenset({"arrived_on", "branch", "origin", "origin_organisation"})

_OF_PEOPLE: Final = frozenset(
    {
        "name",
        "sex",
        "ethnicity",
        "birth_date",
        "identity_number",
        "education",
        "joined_on",
        "category",
        "phone",
        "scope",
        "destination",
        "residence",
        "employer",
        "industry",
        "occupation",
        "card_number",
        "contact_person",
        "contact_phone",
        "remarks",
    }
)

READ: Final[dict[Kind, frozenset[str]]] = {
    "outflow": _OF_PEOPLE
    | {"organisation", "departed_on", "reason", "destination_organisation"}
    | {"contact_status", "contacted_on", "lost_contact_on", "returned_on"},
    "inflow": _OF_PEOPLE | {"origin", "origin_organisation", "arrived_on", "branch"},
}
"""What is read in a register of each kind; a known head that has no place in it is reported as not read."""

NEEDED: Final[dict[Kind, tuple[str, ...]]] = {
    "outflow": ("name", "identity_number", "organisation", "departed_on"),
    "inflow": ("name", "identity_number", "arrived_on"),
}
"""What a row cannot be recorded without."""

STANDARD_HEAD: Final[dict[str, str]] = {field: heads[0] for field, heads in HEADS.items()}
