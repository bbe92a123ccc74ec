"""What an error tells to write instead, in the words and at the lines of the program itself."""
