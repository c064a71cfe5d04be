"""The command line: parse, call, print. One file per command; what a command needs is imported when it runs."""
