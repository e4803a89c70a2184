"""The console's words: Chinese first, English beside, one catalogue a page; and those that all pages share."""

from __future__ import annotations

from string import Formatter
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from api.language import Language

Pair = tuple[str, str]


class Phrase(str):
    """Words with blanks: `{days:day|days}` is filled as "1 day" or "3 days"."""

    __slots__ = ()

    def format(self, *values: object, **named: object) -> str:
        """Fill the blanks. A name that is not there is a KeyError."""
        if "|" not in self:
            return super().format(*values, **named)
        return str(_COUNTING.vformat(self, values, named))


class _Counting(Formatter):
    """Filling blanks, with what is counted in its singular or plural."""

    def format_field(self, value: Any, format_spec: str) -> str:
        """Write a value; one that counts, with the word for so many."""
        one, counted, many = format_spec.partition("|")
        if not counted:
            return str(super().format_field(value, format_spec))
        # A number and its unit stay on one line.
        return f"{value}\N{NO-BREAK SPACE}{one if str(value) == '1' else many}"


_COUNTING: Final = _Counting()


class Words:
    """A page's words by name: Chinese and English of each; `{name}` in them is filled by `Phrase.format`."""

    def __init__(self, **said: Pair) -> None:
        """Take the pairs."""
        self.pairs = said
        self._said = {
            "zh": Said({name: Phrase(pair[0]) for name, pair in said.items()}),
            "en": Said({name: Phrase(pair[1]) for name, pair in said.items()}),
        }

    def in_language(self, language: Language) -> Said:
        """Return the words of one language."""
        return self._said[language]


class Said:
    """Words of one language: `words.title`, or `words["title"]`. A name that is not there is an error."""

    def __init__(self, said: dict[str, Phrase]) -> None:
        self._said = said

    def __getattr__(self, name: str) -> Phrase:
        """Return the words of a name. Raises AttributeError."""
        try:
            return self._said[name]
        except KeyError:
            raise AttributeError(name) from None

    def __contains__(self, name: str) -> bool:
        """Whether there are words of a name."""
        return name in self._said

    def __getitem__(self, name: str) -> Phrase:
        """Return the words of a name. Raises KeyError."""
        return self._said[name]


WORDS: Final = Words(
    product=("风筝线", "Kiteline"),
    tagline=("飞得再高，线不断", "Fly high; the line is never cut"),
    skip=("跳到正文", "Skip to the content"),
    navigation=("主导航", "Main navigation"),
    menu=("菜单", "Menu"),
    other_language=("English", "中文"),
    sign_out=("退出", "Sign out"),
    signed_in_as=("当前登录", "Signed in as"),
    back=("返回", "Back"),
    back_to_today=("回到今日", "Back to Today"),
    try_again=("重试", "Try again"),
    problem=("未能完成", "This could not be done"),
    problem_code=("代码：", "Code:"),
    more=("更多", "More"),
    all=("全部", "All"),
    none=("无", "None"),
    unknown=("不详", "Unknown"),
    abroad=("境外", "Abroad"),
    cancel=("取消", "Cancel"),
    record=("确认记录", "Record it"),
    recorded=("已记录", "Recorded"),
    overdue=("逾期", "Overdue"),
    today=("今天", "today"),
    choose=("请选择", "Choose"),
    optional=("选填", "optional"),
    print=("打印", "Print"),
    loading=("正在读取…", "Loading…"),
    news=("有新的内容，点此更新", "Something new is here: show it"),
    updated=("内容已更新", "Updated"),
    position=("所示截至日志第 {position} 条记录", "As of position {position} of the log"),
    at_time=("数据时间", "As of"),
    masked=("姓名已隐去，点开个人页可按用途查看", "Names are masked; a member's page shows them for a purpose"),
    no_name=("姓名不可见", "name not shown"),
    away_message=(
        "网络不通，没有完成。有网络后请再点一次，不会重复记录。",
        "No connection: this was not done. Press again when it is back; nothing is recorded twice.",
    ),
    sending=("正在送出…", "Sending…"),
    still_waiting=("网络较慢，仍在等待，请不要关闭此页…", "The network is slow: still waiting, leave this page open…"),
    dismiss=("知道了", "Close"),
    go_back=("返回上一页", "Back to the page before"),
    start_over=("从第一页看起", "From the first page"),
    right_would_be=("应为：{what}", "What would be right: {what}"),
    printed=("打印：{who}，{day}", "Printed by {who}, {day}"),
)
