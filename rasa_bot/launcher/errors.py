"""The launcher's exception."""


class LaunchError(Exception):
    """Starting failed for a reason the user can act on; the message says what to do."""
