"""Measure and compare the ways to run a service: `trial` and `plots` touch the machine, the rest is pure."""
