"""The vault without a database: keys, ciphertexts, names and search tokens."""
