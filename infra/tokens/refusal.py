"""Why a bearer token is not taken (HTTP 401)."""

from __future__ import annotations

from typing import Final

_SENTENCES: Final[dict[str, tuple[str, str]]] = {
    "token_unreadable": ("访问令牌无法读取。", "The access token cannot be read."),
    "token_not_allowed": (
        "访问令牌的类型或签名算法不被接受。",
        "The access token's type or signing algorithm is not accepted.",
    ),
    "token_key_unknown": ("访问令牌的签名密钥未知。", "The access token is signed with a key that is not known here."),
    "token_forged": ("访问令牌的签名不符。", "The access token's signature does not fit."),
    "token_expired": ("访问令牌已过期，请重新登录。", "The access token has expired; sign in again."),
    "token_not_yet_valid": ("访问令牌尚未生效。", "The access token is not valid yet."),
    "token_not_for_us": (
        "访问令牌的签发方或受众不符。",
        "The access token is from another issuer or for another audience.",
    ),
    "token_claims_invalid": (
        "访问令牌缺少角色、机构或区划等必要内容，或内容不合规则。",
        "The access token lacks a role, organisation or region, or one that can be read.",
    ),
}


class TokenRefused(Exception):
    """The token proves nothing; `code` is stable, the sentences never hold a part of the token."""

    def __init__(self, code: str) -> None:
        """Take one of the codes of this module."""
        super().__init__(code)
        self.code = code
        self.zh, self.en = _SENTENCES[code]
