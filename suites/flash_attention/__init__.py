"""Attention as an autograd function that keeps no matrix of weights."""
