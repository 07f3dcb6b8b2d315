"""What a screenshot says of how its page is made: surfaces, pictures, text and how it looks."""
