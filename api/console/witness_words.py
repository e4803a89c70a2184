"""What the browser says of witnesses' signatures under a checkpoint, wherever proofs are checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from api.console.words import Pair

WITNESS_WORDS: Final[dict[str, Pair]] = {
    "witness_holds": (
        "见证 {witness} 的联署正确，签于 {time}",
        "Witness {witness}: the cosignature of {time} is right",
    ),
    "witness_false": ("见证 {witness} 的联署不正确", "Witness {witness}: the cosignature is wrong"),
    "witness_unknown": (
        "{witness} 的密钥未知，其联署未核对",
        "The key of {witness} is not known: its cosignature was not checked",
    ),
    "witness_silent": (
        "见证 {witness} 没有联署这个检查点",
        "Witness {witness} has not cosigned this checkpoint",
    ),
    "witness_changed": (
        "见证 {witness} 的密钥与本机此前所见的不同",
        "The key of witness {witness} is not the one that this browser saw before",
    ),
    "witness_none": ("没有见证方的联署，也没有配置见证方", "No witness has cosigned, and none is configured"),
}
