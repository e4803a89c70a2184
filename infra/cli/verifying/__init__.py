"""What `kiteline verify` looks at: `log_check` the tree and every leaf beside the database, `over_http` both from the
outside, `streams` the streams' versions, `feeds_check` every region's feed, `vault_check` the blind index; `findings`
is what was found, `trust` what the caller brought to measure it by.
"""
