"""The shapes of answers, for the OpenAPI document and for tests; answers themselves are written without them.

`problems` what goes wrong, `recording` what commands answer, `members` one person, `lists` rosters, duties, counts and
flows, `registers` imports, `places` organisations and regions.
"""
