"""What the domain looks up: organisations, policy, times and regions."""
