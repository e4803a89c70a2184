"""The feeds of regions: what concerns each, in the order of the log, without a gap, the same bytes everywhere."""
