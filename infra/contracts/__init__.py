"""What subscribers hold on to, as documents: `data_schema` makes the JSON Schema of a fact from its event class, with
the meanings in `own_fields`, `after_schema` and `values`; `envelope` that of the CloudEvent around it; `releases` knows
what was published and `compatibility` whether a change could be read by who holds it; `asyncapi` puts it together.
"""
