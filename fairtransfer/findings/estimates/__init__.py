"""Estimates: values that know their limits, what they rest on and how they are told."""
