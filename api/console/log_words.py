"""The words of the log's page."""

from __future__ import annotations

from typing import Final

from api.console.member_words import WORDS as MEMBER
from api.console.witness_words import WITNESS_WORDS
from api.console.words import Words

WORDS: Final = Words(
    **{
        name: MEMBER.pairs[name]
        for name in (
            "check",
            "checking",
            "proved",
            "not_proved",
            "not_checked",
            "step_leaf",
            "step_path",
            "step_root",
            "step_signature",
            "step_same_key",
            "step_first_key",
            "leaf_hash",
            "root_hash",
            *WITNESS_WORDS,
        )
    },
    title=("日志与证明", "The log and its proof"),
    checkpoint=("最新检查点", "Latest checkpoint"),
    checkpoint_help=(
        "检查点是对全部记录的签名。记下它的人，以后都能发现日志被改动。",
        "A checkpoint is a signature over all that is recorded. Whoever keeps one finds any later change.",
    ),
    no_checkpoint=("还没有检查点", "There is no checkpoint yet"),
    size=("条数", "Entries"),
    signed=("签名时间", "Signed"),
    origin=("日志名称", "The log's name"),
    root=("树根", "Root"),
    witnesses=("见证", "Witnesses"),
    no_witnesses=("没有见证方的联署", "No witness has cosigned"),
    cosigned=("{time} 联署", "cosigned {time}"),
    check_witnesses=("核对签名与联署", "Check the signatures"),
    witnesses_help=(
        "联署由本机核对，所用见证密钥由本部署提供；请与见证方自己公布的对照。",
        "Checked in this browser with the keys that this deployment has; compare them with the witnesses' own.",
    ),
    did_witness=(
        "日志的签名正确；核对了 {count} 个见证的联署，均正确。",
        "The log's signature is right, and so are the cosignatures checked: {count}.",
    ),
    did_not_witness=(
        "有签名不正确。请保存此检查点并上报。",
        "A signature is wrong. Keep this checkpoint and report it.",
    ),
    note=("检查点原文", "The note itself"),
    earlier=("此前的检查点", "Earlier checkpoints"),
    earlier_help=(
        "在本机核对：那时的日志，是否原样为现在日志的开头。",
        "Checked in this browser: that the log of then is, unaltered, the beginning of the log of now.",
    ),
    grown=("核对未被改动", "Check that nothing was altered"),
    entries=("条目", "Entries"),
    entries_help=(
        "第 {first} 至 {last} 条，共 {size} 条。点开一条，看原文并在本机核对证明。",
        "Positions {first} to {last} of {size}. Open one to see its bytes and to check its proof in this browser.",
    ),
    go_to=("到第几条", "Go to position"),
    go=("查看", "Show"),
    older=("更早的条目", "Earlier entries"),
    newest=("最近的条目", "The latest entries"),
    no_entries=("没有条目", "There are no entries"),
    place=("第 {position} 条", "no. {position}"),
    of_member=("查看这个党员", "Look at this member"),
    content=("原文", "The entry itself"),
    did_hold=("证明成立：此前的记录原样都在，未被改动。", "Proved: all that was recorded by then is there, unaltered."),
    did_not_hold=(
        "证明不成立：日志与此前的检查点不符。请保存两份检查点并上报。",
        "The proof does not hold: the log is not what was signed then. Keep both checkpoints and report it.",
    ),
    step_earlier=(
        "此前检查点（{size} 条）有日志密钥的签名",
        "The earlier checkpoint of {size} entries bears the log's signature",
    ),
    step_latest=(
        "最新检查点（{size} 条）有日志密钥的签名",
        "The latest checkpoint of {size} entries bears the log's signature",
    ),
    step_grown=(
        "{count} 个散列同时算得两个树根",
        "Both roots follow from the same hashes: {count}",
    ),
)
