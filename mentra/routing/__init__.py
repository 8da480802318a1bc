"""Which handler owns a message, and what its failure costs."""
