"""Regions of GB/T 2260 by date, pure lookups over one data file.

`region` says what a region and a resolution are; `succession` what stood under a code and what it became; `table` how
places relate on a day; `standing` by which codes a region's records are stored; `reorganisation` adds a change;
`names` and `short_names` read names as offices type them; `loading` reads `regions.tsv`, which scripts/make_regions.py
makes. docs/regions.md tells the sources and the rules.
"""
