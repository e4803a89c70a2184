"""Sample data: synthetic people in registers as untidy as offices keep them.

`untidy_registers` writes the files (`write_registers`); `synthetic_people` makes who is in them, `untidy_cells` writes
their facts in each office's own manner, `planted_faults` spoils a few rows and says which.
"""
