"""A member: the facts that can be recorded (`events`), the state they add up to (`state`, `fold`, `duties`), what is
refused (`rules`), and what a caller may ask for (`commands`). Pure: no clock, no I/O."""
