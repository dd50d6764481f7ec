//! Who we are: ways to log in, and the life of a token.
