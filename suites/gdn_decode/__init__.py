"""One token of the gated delta rule."""
