"""The parts of holm_gdb.py, which gdb reads."""
