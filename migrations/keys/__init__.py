"""Schema migrations: `register` is the plane's, `desk` is every desk's."""
