"""Regions of GB/T 2260 by date, pure lookups over one data file.

`region` says what a region and a resolution are; `table` answers by code and day; `standing` says where every code ever
recorded stands on a day; `reorganisation` adds a change to a table; `names` and `short_names` read names as offices type
them; `loading` reads `regions.tsv`, which scripts/make_regions.py makes. docs/regions.md tells the sources and the rules.
"""

from domain.regions.loading import load_regions
from domain.regions.region import Change, Level, Region, Resolution
from domain.regions.table import RegionTable

__all__ = ["Change", "Level", "Region", "RegionTable", "Resolution", "load_regions"]
