"""A strategy that is not part of fairtransfer."""
