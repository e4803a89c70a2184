"""The words of the operator's page: parts, states, faults, and what was done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from api.console.words import Words

if TYPE_CHECKING:
    from api.console.words import Pair

WORDS: Final = Words(
    title=("运行", "Running"),
    all_well=("一切正常", "All is well"),
    not_well=("有 {count} 处需要处理", "{count} to look at"),
    parts=("日志与各份副本", "The log and its copies"),
    parts_help=("日志现有 {position} 条。落后为 0 即已跟上。", "The log holds {position} entries. No lag: up to date."),
    part=("部分", "Part"),
    state=("状态", "State"),
    position=("位置", "Position"),
    lag=("落后", "Lag"),
    written=("写入时间", "Written"),
    processes=("本进程各部分", "The parts of this process"),
    views=("读模型", "Read models"),
    views_help=(
        "可由日志重新生成；重建期间照常使用，完成后一次切换。",
        "Made from the log at any time; the old ones serve until the new ones take their place at once.",
    ),
    rebuild_all=("全部重建", "Rebuild all"),
    rebuild=("重建“{view}”", "Rebuild {view}"),
    parked=("搁置的党员", "Parked members"),
    parked_help=(
        "其记录自该位置起未能折叠，其他人不受影响。修复程序后重试。",
        "Their records cannot be folded from there on; nobody else is affected. Mend the program, then retry.",
    ),
    nobody_parked=("没有搁置的党员", "Nobody is parked"),
    from_position=("自第 {position} 位", "from position {position}"),
    retry=("重试", "Retry"),
    quarantine=("隔离的来件", "Quarantine"),
    quarantine_help=(
        "兄弟地区发来、未能记录的事件。等候引介的会自行处理。",
        "Events of sister regions that could not be recorded. What waits for an introduction is taken by itself.",
    ),
    nothing_quarantined=("没有隔离的来件", "Nothing waits"),
    release=("放行", "Release"),
    reject=("放弃", "Reject"),
    tries=("已试 {count} 次", "tried {count} times"),
    from_whom=("来自", "from"),
    unknown_sender=("来源不明", "an unknown sender"),
    subscriptions=("订阅", "Subscriptions"),
    no_subscriptions=("没有订阅", "There are no subscriptions"),
    behind=("待送 {count} 条", "{count} to deliver"),
    up_to_date=("已送完", "up to date"),
    failing=("自 {time} 起送不到", "failing since {time}"),
    pause=("暂停", "Pause"),
    resume=("恢复", "Resume"),
    topics=("发布", "Publishing"),
    topics_help=("发往 Kafka 的各地区主题。", "Each region's topic in Kafka."),
    no_topics=("没有被拒的主题", "No topic is refused"),
    waiting_entries=("{count} 条待发", "{count} waiting"),
    publish_again=("重新发布", "Publish again"),
    region_again=("按地区重新发布", "Publish a region again"),
    region=("地区", "Region"),
    region_hint=("输入地名，从列表中选", "Type a place's name and pick it from the list"),
    imports=("导入", "Imports"),
    acts=("最近的操作", "Latest acts"),
    acts_help=("谁在何时做了什么。", "Who did what, and when."),
    no_acts=("还没有操作", "Nothing was done yet"),
    who=("操作人", "Who"),
    what=("操作", "What"),
    about=("对象", "About"),
    when=("时间", "When"),
    progress=("已完成 {done} / {total}", "{done} of {total}"),
    older=("更早的操作", "Earlier acts"),
    sure=("确定要{what}吗？", "{what}?"),
    recorded_as=("以您的名义记录。", "It is recorded in your name."),
    yes=("确定", "Yes, do it"),
    begun=("已开始：{what}", "Begun: {what}"),
    is_done=("已完成：{what}", "Done: {what}"),
    refused=("未执行：{why}", "Not done: {why}"),
    no_such_act=("没有这个操作", "There is no such act"),
)

PARTS: Final[dict[str, Pair]] = {
    "read_models": ("读模型", "Read models"),
    "feeds": ("地区事件流", "Region feeds"),
    "tree": ("日志树", "Tree of the log"),
    "checkpoint": ("检查点", "Checkpoint"),
    "topics": ("Kafka 主题", "Kafka topics"),
    "webhooks": ("数据推送", "Webhooks"),
    "database": ("数据库", "Database"),
    "projections": ("读模型", "Read models"),
    "log": ("日志树与检查点", "Tree and checkpoints"),
    "witnesses": ("见证", "Witnesses"),
    "publisher": ("发布", "Publisher"),
    "consumer": ("接收", "Receiver"),
}
VIEWS: Final[dict[str, Pair]] = {
    "members": ("党员与名册", "Members and rosters"),
    "duties": ("待办", "Duties"),
    "flows": ("流向", "Flows"),
    "statistics": ("统计", "Statistics"),
}
STATES: Final[dict[str, Pair]] = {
    "ok": ("正常", "ok"),
    "off": ("未启用", "off"),
    "failing": ("出错，正在重试", "failing, trying again"),
    "running": ("进行中", "under way"),
    "done": ("完成", "done"),
    "refused": ("未执行", "refused"),
    "failed": ("失败", "failed"),
    "active": ("正常", "active"),
    "paused": ("已暂停", "paused"),
    "exhausted": ("多次送不到，已停", "given up"),
    "gone": ("对方已撤", "gone"),
    "publishing": ("正常", "ok"),
    "standby": ("备用", "standing by"),
}
ACTS: Final[dict[str, Pair]] = {
    "rebuild_read_models": ("重建读模型", "Rebuild read models"),
    "retry_parked": ("重试搁置的党员", "Retry a parked member"),
    "retry_quarantined": ("放行来件", "Release an event"),
    "drop_quarantined": ("放弃来件", "Reject an event"),
    "publish_again": ("重新发布", "Publish again"),
    "pause_subscription": ("暂停订阅", "Pause a subscription"),
    "resume_subscription": ("恢复订阅", "Resume a subscription"),
    "delete_subscription": ("取消订阅", "Delete a subscription"),
    "rotate_secret_subscription": ("更换订阅密钥", "Change a subscription's keys"),
}
WHY: Final[dict[str, Pair]] = {
    "not_introduced": ("等候引介", "waits for an introduction"),
    "behind_another": ("排在同一人前一条之后", "behind another of the same member"),
    "unknown_source": ("来源未配置", "the source is not configured"),
    "broken": ("不是有效的事件", "not an event"),
    "unknown_type": ("事件类型未知", "of a kind that is not known"),
    "unreadable": ("内容不能识别", "cannot be read"),
    "rebuild_running": ("正在重建", "a rebuild is running"),
    "reference_changed": ("重建期间组织或政策一再变更", "organisations or policy kept changing"),
}
