"""What helps to write a program that is differentiated: ops of one's own, checks, checkpoints."""
