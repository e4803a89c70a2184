"""Service and organisational life of a member: posts claimed and released, hours served, activities attended.

`events` are the facts, `rules` what is refused or odd, `steps` what each fact does, `state` the record that they add up
to, `commands` what may be asked for, `views` the record as its member reads it.
"""
