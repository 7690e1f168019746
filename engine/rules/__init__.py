"""The rules, one file each; their order is the tuple below, and nowhere else."""
