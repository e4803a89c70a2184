-- Which posts there are is found without reading the log: what is free of them is folded from their own streams.
CREATE INDEX log_post_openings ON log (position) WHERE topic = 'post_opened';
