class RuntimeContractError(Exception):
    """A fault outside the user's script. The message is one line: what, what it got, what is allowed, remedy."""
