"""Strangers' model files, read and written as data. Never imported by serving."""
