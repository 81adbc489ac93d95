"""What is done to training images at random, in batches; every draw is a function of seed, step and place."""
