//! Values as JSON (being built).
