"""The rooms behind cli.py: one file per group of commands; nothing heavy is imported until a command runs."""
