"""What goes wrong with a server or with the generator, as one sentence for the report."""


class Failure(Exception):
    """A measurement that could not be made."""
