"""A folder of spreadsheets → what they state and what is wrong with it; nothing is dropped without a problem."""
