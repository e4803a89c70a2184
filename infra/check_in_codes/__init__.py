"""The texts of check-in codes and the numbers that go with them.

`signed_text` makes and reads the short signed text that a QR code or a link carries; `rotating_number` is the six-digit
number that a screen shows beside it (RFC 6238). Both follow from the master key and the recorded event alone, so that
nothing is stored and a lost answer can be given again.
"""
