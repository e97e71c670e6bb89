"""What every app stands on and that knows no campaign."""
