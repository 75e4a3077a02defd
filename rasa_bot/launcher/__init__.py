"""The parts of launch.py: one file, one job."""
