"""What a frozen module gives for images: computed once, remembered, read when asked for."""
