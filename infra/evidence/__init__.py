"""Evidence that a member's history is as it was recorded: `bundle` is the signed JSON and what it says can be checked
by, `sheet` the same printed as a PDF, by the template `sheet.typ`.
"""
