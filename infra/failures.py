"""Failures that a person who runs Kiteline must act on, said in Chinese and English."""


class OperatorFailure(Exception):
    """Something outside the program is wrong; both sentences say what, and what to do.

    The command line prints them and ends with `exit_code`, without a traceback.
    """

    exit_code = 1

    def __init__(self, zh: str, en: str) -> None:
        """Keep one text in each language."""
        super().__init__(f"{zh}\n{en}")
        self.zh = zh
        self.en = en
