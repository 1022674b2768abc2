"""A pre-norm transformer block, and the language model made of them."""
