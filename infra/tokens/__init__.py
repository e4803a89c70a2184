"""Who is asking: bearer tokens (JWT, RFC 9068 access tokens) of one issuer, ours or an outside one.

`principal` says what a verified token tells; `verifier` checks a token and remembers it until it ends; `refusal` says
why not; `key_sources` holds the issuer's public keys, ours from a file, an outside issuer's from its JWKS;
`local_issuer` mints tokens for the demo, tests and deployments without an identity provider; `configured` puts them
together as the settings say. What a principal may do is decided in api/authorisation.py.
"""
