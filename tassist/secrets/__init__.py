"""Where credentials are kept, and in which form people paste them."""
