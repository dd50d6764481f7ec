//! Requests to small servers of our own, with everything that can go wrong.
