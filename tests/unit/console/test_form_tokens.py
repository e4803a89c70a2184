"""A form's token is written otherwise in every page, and holds all the same."""

from api.console.form_tokens import holds, masked

TOKEN = "0f" * 32


def test_a_token_is_another_text_each_time_and_always_holds():
    texts = {masked(TOKEN) for _ in range(20)}
    assert len(texts) == 20
    assert all(holds(text, TOKEN) and TOKEN not in text for text in texts)


def test_what_is_not_the_token_does_not_hold():
    for text in ("", "zz", "0", TOKEN, masked("0e" * 32), masked(TOKEN)[:-2], masked(TOKEN) + "00", "测试"):
        assert not holds(text, TOKEN), text
