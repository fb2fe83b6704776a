"""A Kubernetes cluster on one Linux machine: kind where Docker runs, our own elsewhere.

Standard library only: this is what a fresh machine runs first, before anything is installed.
"""
