"""The same person, recorded twice: the facts of a merge on both members' streams, and whose each fact is.

`events` are the facts; `belonging` tells from them which facts are a member's, as known at any position;
`setting_aside` says which facts of two records cannot both stand once they are one; `state` is the merge's own stream.
"""
