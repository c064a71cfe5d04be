"""Adapting a pretrained model: one file per strategy, one training loop.

Which strategies there are: `fairtransfer/registry.py`.
"""
