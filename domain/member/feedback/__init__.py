"""Yearly feedback 年底反馈, from where a member stayed to the member's own branch: owed, issued, acknowledged, told.

`stays` says which days of a year an organisation answers for, `owing` who owes what, `content` what was done there.
"""
