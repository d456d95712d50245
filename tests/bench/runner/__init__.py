"""Measures wsrelayd and its peers, and writes what came out: see tests/bench/bench."""
