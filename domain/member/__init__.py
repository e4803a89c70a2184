"""A member: the facts that can be recorded (`events`), and the state they add up to.

`fold` puts the facts in order and moves the state through `evolve`, which leans on `places` (where a member is),
`acceptance` (who takes responsibility), `duties`, `months` and `silence` (what is owed, and when). `rules` says what is
refused, `commands` what may be asked for (`rule` and `form`: what these are made of), `reading` reads it, `decide`
decides on it, `views` shows the state. Pure.
"""
