"""Before anything else is imported, see harness/mount.py."""

from harness import mount

mount.prepare()
