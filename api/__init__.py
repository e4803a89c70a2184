"""The HTTP service: commands, bulk commands, imports, queries, problems and authorisation at the edge.

Imports the domain, projections and infra.
"""
