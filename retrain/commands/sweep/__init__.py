"""`sweep`: the flags of train that suit the images best, and the classifier they make."""
