"""What the peers of benchmarks run in environments of their own, which share nothing with ours.

`<peer>.in` names a peer, `<peer>.lock` pins it with hashes; `bench.peer_environments` installs it under `bench/.peers`.
The scripts beside them are run by the peer's own interpreter and import nothing of ours.
"""
