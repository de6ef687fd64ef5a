"""Tables of any library as rows of numbers that a generator can learn, and back."""
