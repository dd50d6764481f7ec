//! Many files in one call, all or nothing (being built).
