"""The decisions: pure functions over `models`, and the dated TOML packs beside them. No I/O, no clock."""
