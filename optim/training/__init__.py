"""Training steps: optimisers, schedules of the learning rate, and clipping of gradients."""
