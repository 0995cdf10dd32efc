"""How often faces are told apart rightly: pairs of photographs in, error rates with intervals out."""
