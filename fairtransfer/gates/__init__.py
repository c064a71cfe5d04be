"""Findings -> verdict. Three outcomes, closed-form bounds, no random numbers; a gate is one class in one file."""
