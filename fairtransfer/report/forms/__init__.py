"""Forms of documents, one to a file; found by name through `fairtransfer/registry.py`."""
