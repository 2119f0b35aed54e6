"""The words: states, events, messages (pydantic) and tables (SQLModel). No I/O, no clock, no rules."""
