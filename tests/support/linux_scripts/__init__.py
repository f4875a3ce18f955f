"""Plays the scripts of tests/script against Linux: socket calls become real ones, segments become packets of a tun device.

`python3 -m tests.support.linux_scripts SECONDS NAME…`, inside a network namespace of its own, prints one JSON object a line:
{"script", "verdict": "same" | "differs" | "not applicable", "detail"}. Time is real; a script that takes longer than SECONDS
is not played."""
