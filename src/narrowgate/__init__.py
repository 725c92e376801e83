"""Narrowgate: install a vendor's clustered platform into your AWS account through the narrowest IAM gate."""

__version__ = "0.1.0"
