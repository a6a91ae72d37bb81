"""Never runs: its folder asks for what cannot be."""

raise AssertionError
