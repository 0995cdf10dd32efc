"""Face recognition whose databases any one can leak without naming, showing or describing anyone."""
