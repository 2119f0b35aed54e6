"""What people see: the command line's commands and words now, the web console and the HTTP API later."""
