"""Large registers, read in a process of their own so that its memory can be measured."""
