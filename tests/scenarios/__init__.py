"""What happens to members, told through HTTP, one file each."""
