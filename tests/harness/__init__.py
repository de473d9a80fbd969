"""What the pytest suites share beyond the fixtures of conftest.py: a job in a folder, a lake as readers see it, a gate for runs."""
